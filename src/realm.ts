export { checkUsername, classifyUsername, type UsernameShape } from './realm/upn.ts'
export {
  buildUserRealmRequest,
  type ConsumerRealm,
  type FederatedRealm,
  type ManagedRealm,
  parseUserRealm,
  type UnknownRealm,
  type UserRealm,
} from './realm/user-realm.ts'

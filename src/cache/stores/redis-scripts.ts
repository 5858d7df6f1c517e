import { type RedisScript, redisScript } from './redis-commands.ts'

// What may tell a user's names: accounts, and sealed entities that carry their hashes. Tokens need not travel for that.
const named = `
local function named(text)
  return string.find(text, '"localAccountId"', 1, true) or string.find(text, '"usernames"', 1, true)
end`

/**
 * Changes a user, if the conditions hold, and sets the key's life.
 *
 * Arguments: now (ms); the number of conditions, for each its field and its secret with `=` before it, or nothing; the number
 * of fields to delete, these; then field and value of each to put. Answers the values with names that were replaced or
 * deleted, those that are there now, and for how many ms, empty for ever: also when a condition does not hold, for a client
 * that lost the answer asks again, and then its own change is why.
 */
export const changeScript: RedisScript = redisScript(`${named}
local key, at = KEYS[1], 1
local function take() at = at + 1 return ARGV[at - 1] end
local now, holds = tonumber(take()), true
for _ = 1, tonumber(take()) do
  local field, secret = take(), take()
  local text = redis.call('HGET', key, field)
  if not text then
    holds = false
  elseif secret ~= '' then
    local stored = string.match(text, '^[^\\n]*\\n%w*\\n(.*)$')
    if not stored then
      local ok, entity = pcall(cjson.decode, string.match(text, '^[^\\n]*'))
      stored = ok and type(entity) == 'table' and entity.secret
    end
    if stored ~= string.sub(secret, 2) then holds = false end
  end
end
local dels, puts, kept, replaced = {}, {}, {}, {}
for _ = 1, tonumber(take()) do dels[#dels + 1] = take() end
while at <= #ARGV do puts[#puts + 1] = { take(), take() } end
if not holds then dels, puts = {}, {} end
local function note(field)
  local text = redis.call('HGET', key, field)
  if text and named(text) then replaced[#replaced + 1] = text end
end
for _, field in ipairs(dels) do note(field) end
for _, put in ipairs(puts) do note(put[1]) end
-- Puts come first: a server without memory refuses the first command that needs some, and nothing has happened yet.
for _, put in ipairs(puts) do
  redis.call('HSET', key, put[1], put[2])
  kept[put[1]] = true
end
for _, field in ipairs(dels) do if not kept[field] then redis.call('HDEL', key, field) end end
local present, last = {}, 0
for _, text in ipairs(redis.call('HVALS', key)) do
  if named(text) then present[#present + 1] = text end
  local ends = string.match(text, '^[^\\n]*\\n(%w+)')
  if ends == 'never' then last = math.huge elseif ends then last = math.max(last, tonumber(ends) or 0) end
end
if last == 0 or last == math.huge then
  redis.call('PERSIST', key)
  return { replaced, present, '' }
end
-- From now on, not at: the server's clock need not be ours.
local left = string.format('%.0f', math.max(last - now, 1))
redis.call('PEXPIRE', key, left)
return { replaced, present, left }`)

/** Deletes a user. Answers the values with names. */
export const dropScript: RedisScript = redisScript(`${named}
local names = {}
for _, text in ipairs(redis.call('HVALS', KEYS[1])) do
  if named(text) then names[#names + 1] = text end
end
redis.call('DEL', KEYS[1])
return names`)

/**
 * Makes an entry of the index lead to a user. It lives a little longer than each of the users it leads to.
 *
 * Arguments: the user; for how many ms, empty for ever; `exact` if the user is known to live that long and no longer.
 * Answers 1 if it was to live for ever and is not any more.
 */
export const linkScript: RedisScript = redisScript(`
local key, left, wanted = KEYS[1], redis.call('PTTL', KEYS[1]), tonumber(ARGV[2])
-- A server without memory refuses it to add, needed or not; and who signs out has other names to keep.
if redis.call('SISMEMBER', key, ARGV[1]) == 0 then redis.call('SADD', key, ARGV[1]) end
if not wanted then redis.call('PERSIST', key)
else
  wanted = wanted + 60000
  if left == -2 or (left >= 0 and left < wanted) or (left == -1 and ARGV[3] == 'exact' and redis.call('SCARD', key) == 1)
  then
    redis.call('PEXPIRE', key, string.format('%.0f', wanted))
    if left == -1 then return 1 end
  end
end
return 0`)

export const unlinkScript: RedisScript = redisScript(`return redis.call('SREM', KEYS[1], ARGV[1])`)

export const linkedScript: RedisScript = redisScript(`return redis.call('SMEMBERS', KEYS[1])`)

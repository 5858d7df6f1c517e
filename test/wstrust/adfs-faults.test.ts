import { describe, expect, it } from 'vitest'
import { adfsFaults, adviceFor, soapFaultCodes } from '../../src/wstrust/adfs-faults.ts'

const unknown = adviceFor(undefined, undefined)

describe('adviceFor', () => {
  it('goes by the number, which tells more than the subcode', () => {
    expect(adviceFor('MSIS7068', 'FailedAuthentication').hint).toBe(adfsFaults['MSIS7068']?.remedy)
    expect(adviceFor('MSIS7068', 'FailedAuthentication').meaning).toBe(adfsFaults['MSIS7068']?.meaning)
  })

  it('goes by the subcode where the number is unknown or missing', () => {
    for (const idCode of ['ID99999', undefined]) {
      expect(adviceFor(idCode, 'InvalidScope').hint).toBe(soapFaultCodes['InvalidScope']?.remedy)
    }
  })

  it.each(['constructor', 'toString', 'Unheard', '', undefined])('has general advice for %j', (code) => {
    expect(adviceFor(code, code)).toEqual(unknown)
    expect(unknown).toEqual({
      meaning: 'it answered with a SOAP fault',
      hint: expect.stringMatching(/server’s own text.*event log/),
    })
  })

  it.each(Object.entries({ ...adfsFaults, ...soapFaultCodes }))('completes "refused: …" for %s', (code, advice) => {
    expect(adviceFor(code, code)).toEqual({ meaning: advice.meaning, hint: advice.remedy })
    expect(advice.meaning).not.toBe(unknown.meaning)
    expect(advice.meaning).toMatch(/^[a-z]/)
  })
})

describe('the faults of a federation server', () => {
  it('say of a refused password everything that it may be, and where the administrator looks', () => {
    for (const advice of [adfsFaults['ID3242'], adfsFaults['ID3034'], soapFaultCodes['FailedAuthentication']]) {
      expect(advice?.class).toBe('credential')
      expect(advice?.remedy).toMatch(/expired.*disabled.*locked.*hours.*not repeated.*411/)
    }
  })

  it('say of a header out of time that it was not the password', () => {
    for (const code of ['InvalidSecurity', 'MessageExpired', 'ExpiredData', 'InvalidTimeRange']) {
      expect(soapFaultCodes[code]?.remedy).toMatch(/clock.*Nothing was said about the password/)
    }
  })

  it('name the way on where a policy wants what a password cannot give', () => {
    expect(adfsFaults['MSIS7068']?.remedy).toMatch(/device code/)
  })
})

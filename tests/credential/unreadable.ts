// Why a text is no card of ours: the one error of the readers beside this file, so that a mistake of the program is never taken for one.

export type Why = 'foreign' | 'newer' | 'too_long' | 'base45' | 'cbor' | 'cose' | 'claims'

export class Unreadable extends Error {
  constructor(readonly why: Why, what: string) {
    super(`${why}: ${what}`)
  }
}

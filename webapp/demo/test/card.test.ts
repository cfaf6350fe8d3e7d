import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { byline, coverClasses, elsewhere, genre, path, type Work } from '../src/card.ts'

const file = (name: string) => readFileSync(new URL(`../../testdata/${name}`, import.meta.url), 'utf8')
const blank: Work = { id: 'x', title: '', summary: '', url: '', image: '', author: '', tags: [], categories: [], attributes: {} }

test('a card looks the same as the server makes it', () => {
  const works = JSON.parse(file('cards.json')) as Work[]
  const got = works.map((work) => `${decodeURIComponent(path(work.id))} | ${coverClasses(work)} | ${genre(work)} | ${byline(work)}`)
  const want = file('cards.golden').trim().split('\n').map((line) => line.replace(/^\S+/, decodeURIComponent))
  expect(got).toEqual(want)
})

test('a link goes to http and relative addresses only, and not to the page itself', () => {
  globalThis.location = { origin: 'https://library.example' } as Location
  const link = (url: string) => elsewhere({ ...blank, url })
  expect(link('https://example.org/x')).toBe('https://example.org/x')
  expect(link('/read/x')).toBe('/read/x')
  expect(link('/works/x')).toBeNull()
  expect(link('javascript:alert(1)')).toBeNull()
  expect(link(' javascript:alert(1)')).toBeNull()
  expect(link('data:text/html,x')).toBeNull()
  expect(link('')).toBeNull()
})

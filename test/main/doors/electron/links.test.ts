// Links that leave the lab: where they may lead, and that a person followed them.
import { beforeEach, describe, expect, it } from 'vitest'
import { createLinks, isKnownLink, type Links } from '#main/doors/electron/links.ts'

const known = 'https://huggingface.co/cerebras/Cerebras-GPT-111M'

describe('a link', () => {
  it('leads to a host on the list, by https', () => {
    expect(isKnownLink(known)).toBe(true)
    expect(isKnownLink('https://arxiv.org/abs/2203.15556')).toBe(true)
    for (const other of [
      'https://evil.example/',
      'https://huggingface.co.evil.example/',
      'https://evil.example/huggingface.co',
      'https://huggingface.co@evil.example/',
      'https://user:word@huggingface.co/',
      'https://huggingface.co:8443/',
      'http://huggingface.co/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      'huggingface.co',
      '',
    ])
      expect(isKnownLink(other), other).toBe(false)
  })

  it('carries no text out', () => {
    expect(isKnownLink(`${known}?${'x'.repeat(1900)}`)).toBe(true)
    expect(isKnownLink(`${known}?${'x'.repeat(2000)}`)).toBe(false)
  })
})

describe('opening a link', () => {
  let nowMs: number
  let opened: string[]
  let links: Links
  beforeEach(() => {
    nowMs = 10
    opened = []
    links = createLinks(
      async (link) => void opened.push(link),
      () => nowMs,
    )
  })

  it('takes a click or a key, and each opens one', () => {
    links.open(known)
    expect(opened).toEqual([])
    links.noteGesture()
    links.open(known)
    links.open(known)
    expect(opened).toEqual([known])
  })

  it('comes soon after the click', () => {
    links.noteGesture()
    nowMs += 5001
    links.open(known)
    expect(opened).toEqual([])
  })

  it('to elsewhere does not use up the click', () => {
    links.noteGesture()
    links.open('https://evil.example/')
    links.open(known)
    expect(opened).toEqual([known])
  })
})

// Which proxy an address is fetched through.
import { expect, it } from 'vitest'
import { proxyFor } from '#main/platform/hub/platform.ts'

it.each([
  ['https://huggingface.co', {}, null],
  ['https://huggingface.co', { HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128'],
  ['https://huggingface.co', { https_proxy: 'proxy:3128', HTTPS_PROXY: 'other:1' }, 'http://proxy:3128'],
  ['http://hub.here', { HTTPS_PROXY: 'http://proxy:3128' }, null],
  ['http://hub.here', { ALL_PROXY: 'http://all:1' }, 'http://all:1'],
  ['https://huggingface.co', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'localhost, .huggingface.co' }, null],
  ['https://cdn.huggingface.co', { HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'huggingface.co:443' }, null],
  ['https://nothuggingface.co', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'huggingface.co' }, 'http://proxy:3128'],
  ['https://huggingface.co', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '*' }, null],
  ['https://huggingface.co', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'here HUGGINGFACE.CO' }, null],
  ['https://hub.here', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'hub.here:8443' }, 'http://proxy:3128'],
  ['https://hub.here:8443', { HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: '*.here:8443' }, null],
  ['http://127.0.0.1:8080', { HTTP_PROXY: 'http://proxy:3128' }, null],
])('%s with %o', (address, env, proxy) => {
  expect(proxyFor(address, env)).toBe(proxy)
})

it.each(['socks5://proxy:1080', 'http://[bad', 'ftp://proxy'])('%s is no proxy, which is said', (proxy) => {
  expect(() => proxyFor('https://huggingface.co', { ALL_PROXY: proxy })).toThrow(/SOCKS is not spoken/)
  expect(proxyFor('https://huggingface.co', { ALL_PROXY: proxy, NO_PROXY: 'huggingface.co' })).toBeNull()
})

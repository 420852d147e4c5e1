// npm run setup:gpu — fetches the library of the engine `gpu` (wgpu-native, 3 to 4 MB) into build/gpu. It comes out of
// the PyPI wheel `wgpu`, which is known by its SHA-256: first straight from PyPI's files, else through pip.
// --check only reports (exit status 0 where it is here); --force fetches it again.
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import { graphicsLibrary as library } from './native-library.mjs'
import { fetchWheel } from './setup/wheels.mjs'

const version = '0.32.0'
/** By machine: the wheel's tag, its SHA-256, and the BLAKE2b-256 under which PyPI keeps it. */
const wheels = {
  'linux-x64': {
    tag: 'manylinux_2_28_x86_64',
    sha256: '6499a31b5a29a10b4f1089fea4a0806411f42605fa86b6c0b543a07ca0de8568',
    blake2: '99a98b00e9d0cbd1ec0766e5b3c8063e61f0335262afe07cef82c307899bcf01',
  },
  'linux-arm64': {
    tag: 'manylinux_2_28_aarch64',
    sha256: '00454ba1bc794d38c8365f4ad29f381b88ce0a7f115133bfaa6f1dfad7eb2764',
    blake2: '405236819230b805b07fc4c3e92242aba7b73a0ce25e03b124992af79a6b1d4d',
  },
  'darwin-arm64': {
    tag: 'macosx_11_0_arm64',
    sha256: '6c3f654ea01ab2de8a2903354ced02a3c6ef161d0fba1aa4fea60aa86d021908',
    blake2: 'd73ba21ac5d2c5fcc13c2709123f497f5e008726221c56dc83ba0850fc2d230d',
  },
  'darwin-x64': {
    tag: 'macosx_10_9_x86_64',
    sha256: 'cfd3967616a3c42e2b7a234407df38668c697f5aa505d56e0814d647b6746302',
    blake2: '1b4b173e7685a22edf2d33ed330a038c8859d2c62bff900eb637a702661333ff',
  },
  'win32-x64': {
    tag: 'win_amd64',
    sha256: '493c8a0425c7d3cc728a2489bce40d1a016d800306e59763ff1b21e176e66323',
    blake2: 'dc5a92d8ebd91d2e6e772a4d90656231472a8dad6ab050174336510fa9dff978',
  },
  'win32-arm64': {
    tag: 'win_arm64',
    sha256: 'cb0414107825bd94538220cf3f329c83697b99b8e39c6e16e4e6726e427de75c',
    blake2: '6b164b097baac7c8d6e013e67f1483d100847b9ea350eb393c301a28a95c4bd5',
  },
}
const elsewhere =
  'wgpu-native 29 from https://github.com/gfx-rs/wgpu-native/releases does as well: name its library in ISOFLOP_WGPU.'
const say = (text) => console.error(text)
const options = new Set(process.argv.slice(2))

/** The one file of a zip archive whose name ends so. */
function fileIn(zip, ending) {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  let at = zip.readUInt32LE(end + 16)
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const [method, packed] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20)]
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset))
    const local = zip.readUInt32LE(at + 42)
    if (zip.toString('utf8', at + 46, at + 46 + nameLength).endsWith(ending)) {
      const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
      const bytes = zip.subarray(from, from + packed)
      return method === 0 ? bytes : inflateRawSync(bytes)
    }
    at += 46 + nameLength + extra + comment
  }
  throw new Error(`There is no file ${ending} in the wheel.`)
}

const wheel = wheels[`${process.platform}-${process.arch}`]
if (existsSync(library) && !options.has('--force')) say(`The library of the graphics engine is here: ${library}.`)
else if (options.has('--check')) {
  say('The library of the graphics engine is not here; npm run setup:gpu fetches it (4 MB).')
  process.exitCode = 1
} else if (!wheel) {
  say(`There is no wgpu-native for ${process.platform} ${process.arch}; Isoflop trains there with its native engine.`)
  process.exitCode = 1
} else {
  try {
    say(`Fetching the library of the graphics engine (wgpu ${version}, 4 MB) from PyPI …`)
    const { tag, sha256, blake2 } = wheel
    const file = `wgpu-${version}-py3-none-${tag}.whl`
    const url = `https://files.pythonhosted.org/packages/${blake2.slice(0, 2)}/${blake2.slice(2, 4)}/${blake2.slice(4)}/${file}`
    const fetched = await fetchWheel({ name: 'wgpu', version, url, file, sha256 }, dirname(library), say)
    const bytes = fileIn(
      readFileSync(fetched),
      process.platform === 'win32' ? '-release.dll' : library.endsWith('.dylib') ? '-release.dylib' : '-release.so',
    )
    writeFileSync(`${library}.new`, bytes)
    renameSync(`${library}.new`, library)
    rmSync(fetched)
    say(`The graphics engine is ready: ${library}.`)
  } catch (error) {
    say(
      `The library of the graphics engine could not be fetched. ${[error.message, error.remedy].filter(Boolean).join(' ')} ${elsewhere}`,
    )
    process.exitCode = 1
  }
}

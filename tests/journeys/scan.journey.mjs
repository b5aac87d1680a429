// 王芳 shows her card at another office: 安峰镇 has no line, and believes it all the same, by camera and by a picture.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCounty } from './county.mjs'
import { fitsHere } from './fits.mjs'
import { joinsTheCounty } from './first-day.journey.mjs'
import { officeAt } from './programs.mjs'
import { cameraOf } from './runner.mjs'

let county
let pingming
let folder

/** Draws the code as a camera would see it: 640×480, a grey card on a table. Answers PNG (base64) and the luma of every point. */
export const SEEN = `async (svg) => {
  const image = new Image()
  image.src = 'data:image/svg+xml;utf8,' + encodeURIComponent(svg)
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = 640
  canvas.height = 480
  const pen = canvas.getContext('2d')
  pen.fillStyle = '#777'
  pen.fillRect(0, 0, 640, 480)
  pen.translate(320, 240)
  pen.rotate(0.1)
  pen.fillStyle = '#eee'
  pen.fillRect(-215, -215, 430, 430)
  pen.drawImage(image, -205, -205, 410, 410)
  const { data } = pen.getImageData(0, 0, 640, 480)
  const luma = []
  for (let at = 0; at < data.length; at += 4) luma.push(Math.round(0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2]))
  return { png: canvas.toDataURL('image/png').split(',')[1], luma }
}`

/** A film of one picture: uncompressed 4:2:0, five frames a second. */
export function film(luma) {
  const planes = Buffer.concat([Buffer.from(luma), Buffer.alloc((640 * 480) / 2, 128)])
  const frame = Buffer.concat([Buffer.from('FRAME\n'), planes])
  return Buffer.concat([Buffer.from('YUV4MPEG2 W640 H480 F5:1 Ip A1:1 C420jpeg\n'), ...Array.from({ length: 5 }, () => frame)])
}

export default {
  title: 'A card is verified at another office, without a line',
  windows: ['browser'],
  async prepare(context) {
    folder = context.data
    county = await openCounty(context)
    const packet = await county.invites('平明镇总工会', '990100104')
    pingming = officeAt(join(context.data, 'pingming'), context.program)
    await pingming.ask('join', packet.file, '--code', packet.code, '--clerk', '李强')
    const joined = await pingming.call('members.join', { fields: { name: '王芳', id_no: '990101198803250028' }, on: '2019-03-01' })
    await pingming.call('cards.ask_numbers', { count: 50 })
    for (const office of [pingming, county, pingming]) await office.sync()
    const ordered = await pingming.call('cards.order', { members: [joined.id] })
    const signed = await pingming.call('cards.sign', { ids: [ordered.cards[0].id] })
    for (const office of [pingming, county]) await office.sync()
    Object.assign(pingming, { card: signed.cards[0], drawn: (await pingming.call('codes.draw', { text: signed.cards[0].code })).svg })
  },
  async after() {
    await county?.close()
  },
  async walk({ person, step, kind, data }) {
    await step('安峰镇 joins, hears the county once, and then the line is gone', async () => {
      const packet = await county.invites('安峰镇总工会', '990100105')
      await joinsTheCounty(person, { file: packet.file, code: packet.code })
      await person.sees('安峰镇总工会')
      await person.press('现在上报')
      await person.sees('还剩 0 条未上报')
      await person.press('关闭')
      await county.unplug()
    })

    await step('the camera sees the card: valid, who she is, and by which list', async () => {
      const { png, luma } = await person.asks(SEEN, pingming.drawn)
      writeFileSync(cameraOf(data), film(luma))
      writeFileSync(join(folder, 'card.png'), Buffer.from(png, 'base64'))
      await person.press('会员证')
      await person.pressAt('[data-test="verify-open"]')
      await person.pressAt('[data-test="camera-open"]')
      await person.sees('签名真实')
      await person.sees('王芳')
      await person.sees('0028')
      await person.sees('2019-03-01')
      await person.sees('平明镇总工会')
      await person.isAccessible('a card that holds')
      await person.picture('verify-valid')
      await fitsHere(person, kind, 'verified')
    })

    await step('a picture file does the same, and one without a code says what to do', async () => {
      await person.pressAt('[data-test="verify-go"]')
      await person.hands(join(folder, 'card.png'), '[data-test="verify-picture"]')
      await person.sees('签名真实')
      writeFileSync(join(folder, 'none.png'), Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP6DwABBQECz6AuzQAAAABJRU5ErkJggg==', 'base64'))
      await person.hands(join(folder, 'none.png'), '[data-test="verify-picture"]')
      await person.sees('图片里没有找到二维码')
      writeFileSync(join(folder, 'text.png'), 'no picture')
      await person.hands(join(folder, 'text.png'), '[data-test="verify-picture"]')
      await person.sees('不是能读的图片')
      await person.picture('verify-no-code')
    })

    await step('a scanner types what it reads; an altered text is not believed', async () => {
      const shows = async (text, words) => {
        await person.writesAt('[data-test="verify-text"]', text)
        await person.strikes('Enter')
        await person.sees(words)
      }
      await shows(pingming.card.code, '签名真实')
      const last = pingming.card.code.at(-5) === '7' ? '8' : '7'
      await shows(`${pingming.card.code.slice(0, -5)}${last}${pingming.card.code.slice(-4)}`, '签名不符')
      await person.picture('verify-forged')
      await shows(pingming.card.number, '号码属于下面这个单位')
    })
  },
}

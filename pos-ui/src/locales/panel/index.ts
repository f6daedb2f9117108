import { addTexts } from '..'
import texts from './zh-CN.json'

addTexts(texts, () => import('./en.json'))

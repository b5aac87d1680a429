// Joins the words of seldom opened pages to those with which the window starts; whoever needs them imports this file.
import { words } from '..'
import en from './en'
import zh from './zh-CN'

words.global.mergeLocaleMessage('zh-CN', zh)
words.global.mergeLocaleMessage('en', en)

//! How surnames are read where the everyday reading of the character would mislead, and which surnames have two characters.
//
// Each line of SINGLE: the surname, then every reading attested for a family of that name, the most common first.
// A surname with one line and one reading (石) is listed because its character has another everyday reading (dàn)
// that no family carries: a search for `dan` should not bring every 石.
// Collected by hand from dictionaries of surnames; families differ, so every reading finds, the first one sorts.

pub(super) const SINGLE: &str = "\
单 shàn
仇 qiú
解 xiè
区 ōu
查 zhā
曾 zēng
盖 gě gài
任 rén
华 huà
朴 piáo
缪 miào móu
翟 zhái dí
覃 qín tán
逄 páng
幺 yāo
么 yāo
员 yùn yuán
贠 yùn
繁 pó
种 chóng
谌 chén shèn
乐 yuè lè
隗 wěi kuí
宓 mì fú
牟 mù móu
秘 bì
折 shé
召 shào zhào
黑 hè hēi
洗 xiǎn
冼 xiǎn
佴 nài
郇 xún huán
郗 chī xī
郄 qiè xì
乜 niè
那 nā
过 guō
訾 zī
祭 zhài
柏 bǎi bó
车 chē
薄 bó
卜 bǔ
晁 cháo
句 gōu
纪 jǐ
相 xiàng
应 yīng
宁 níng
贲 bēn
哈 hǎ
撒 sà
莘 shēn xīn
燕 yān
要 yāo
於 yū
尉 wèi yù
蔚 yù wèi
瞿 qú
曲 qū
阙 quē
少 shào
盛 shèng
强 qiáng
隽 juàn
圈 juàn
藏 zāng
占 zhān
钭 tǒu
能 nài
俞 yú
石 shí
叶 yè
贾 jiǎ
沈 shěn
谷 gǔ
厍 shè
呙 guō
镡 tán xín chán
眭 suī
睢 suī
炅 guì
肖 xiāo
褚 chǔ
冯 féng
费 fèi
行 xíng háng
綦 qí
亓 qí
阚 kàn
苫 shàn
都 dū
葛 gě
万 wàn
陆 lù
艾 ài
殷 yīn
南 nán
干 gān
台 tái
撖 hàn
庹 tuǒ
笪 dá
教 jiào
鲜 xiān
尕 gǎ
伯 bó
合 gě hé
宿 sù
番 pān
靓 jìng
龟 guī
见 jiàn
浚 xùn jùn
";

pub(super) const COMPOUND: &str = "\
尉迟 yù chí
万俟 mò qí
单于 chán yú
澹台 tán tái
令狐 líng hú
长孙 zhǎng sūn
宰父 zǎi fǔ
亓官 qí guān
鲜于 xiān yú
皇甫 huáng fǔ
诸葛 zhū gě
拓跋 tuò bá
濮阳 pú yáng
谷梁 gǔ liáng
毌丘 guàn qiū
公冶 gōng yě
欧阳 ōu yáng
司马 sī mǎ
上官 shàng guān
夏侯 xià hóu
闻人 wén rén
东方 dōng fāng
赫连 hè lián
公羊 gōng yáng
淳于 chún yú
太叔 tài shū
申屠 shēn tú
公孙 gōng sūn
轩辕 xuān yuán
钟离 zhōng lí
宇文 yǔ wén
慕容 mù róng
司徒 sī tú
司空 sī kōng
闾丘 lǘ qiū
司寇 sī kòu
巫马 wū mǎ
公西 gōng xī
颛孙 zhuān sūn
壤驷 rǎng sì
公良 gōng liáng
漆雕 qī diāo
乐正 yuè zhèng
夹谷 jiá gǔ
段干 duàn gān
百里 bǎi lǐ
呼延 hū yán
东郭 dōng guō
南门 nán mén
羊舌 yáng shé
微生 wēi shēng
梁丘 liáng qiū
左丘 zuǒ qiū
东门 dōng mén
西门 xī mén
南宫 nán gōng
独孤 dú gū
纳兰 nà lán
端木 duān mù
完颜 wán yán
";

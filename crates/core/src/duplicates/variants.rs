//! Characters of names that are written in several ways: the traditional form and the simplified one (張, 张), and variants that
//! registers and banks take for each other (喆, 哲). Only for comparing two names: what is stored is never changed.

use std::{collections::HashMap, sync::OnceLock};

/// Groups of characters that stand for each other in names, the common one last.
// Collected by hand: surnames and given names of registers, 第一批异体字整理表 and 通用规范汉字表 as far as names have them. A
// character that means two simplified ones (鍾, 鐘) stands with each of them only where names have both.
const GROUPS: &str = "
張张 劉刘 陳陈 楊杨 黃黄 趙赵 吳吴 孫孙 馬马 羅罗 鄭郑 謝谢 許许 鄧邓 韓韩 馮冯 肅肃 蕭肖萧 蔣蒋 餘余 葉叶
蘇苏 呂吕 盧卢 譚谭 陸陆 賈贾 範范 韋韦 傅付 鄒邹 龍龙 閻阎闫 錢钱 湯汤 龔龚 賀贺 顧顾 嚴严 萬万 賴赖 蘭兰
齊齐 莊庄 聶聂 顏颜 魯鲁 藍蓝 關关 歐欧 華华 紀纪 駱骆 畢毕 饒饶 單单 時时 塗涂 衛卫 婁娄 寧甯宁 儲储 應应
竇窦 談谈 車车 連连 戰战 習习 從从 鞏巩 邊边 譙谯 廬庐 滿满 麥麦 雲云 東东 鳳凤 鸞鸾 麗丽 偉伟 國国 強彊强
軍军 傑杰 勝胜 義义 愛爱 紅红 蓮莲 蘋苹 瑩莹 瓊琼 鶯莺 鵬鹏 飛飞 鴻鸿 鵑鹃 鷹鹰 鶴鹤 龜龟 達达 運运 遠远 進进
遷迁 邁迈 還还 選选 榮荣 樹树 橋桥 權权 棟栋 標标 樂乐 歡欢 藝艺 蘊蕴 薈荟 薔蔷 蘆芦 葦苇 莖茎 銀银 鋼钢 鐵铁
錦锦 鈞钧 銘铭 鋒锋 鎮镇 鍾钟 鐘钟 鏡镜 鑒鉴 鈴铃 釗钊 銳锐 鏗铿 鍵键 錄录 慶庆 憲宪 懷怀 恆恒 憶忆 懇恳 愷恺
願愿 誠诚 謙谦 諒谅 諾诺 詩诗 語语 議议 證证 記记 詠咏 謀谋 讓让 譽誉 謹谨 訓训 設设 論论 調调 識识 貴贵 財财
寶寳宝 賢贤 賓宾 賦赋 贊赞 資资 質质 贇赟 貞贞 輝煇辉 煒炜 燁烨 燦灿 煥焕 爍烁 煉炼 營营 熒荧 勳勋 勞劳 動动
勵励 務务 勁劲 環环 瑪玛 瑋玮 璽玺 瓏珑 琺珐 瑤瑶 珮佩 現现 聖圣 聰聪 聲声 職职 純纯 綱纲 維维 經经 緒绪 緯纬
繼继 續续 績绩 紹绍 細细 絹绢 綺绮 紋纹 約约 級级 絲丝 緣缘 縈萦 纓缨 縝缜 結结 統统 練练 線缐线 嬌娇 嫻嫺娴
嬋婵 媧娲 嬪嫔 婭娅 孌娈 嬰婴 婦妇 學学 實实 寬宽 審审 嶽岳 嶺岭 峯峰 崗岗 島岛 嵐岚 岡冈 帥帅 師师 幫帮 帶带
廣广 廳厅 開开 闊阔 闖闯 闕阙 閔闵 閆闫 陽阳 陰阴 隊队 際际 隱隐 雙双 難难 雞鸡 霽霁 靈灵 靜静 韻韵 響响 頌颂
順顺 頡颉 穎颖 題题 顯显 風风 颺飏扬 揚扬 飄飘 養养 駿骏 馳驰 驍骁 驥骥 騰腾 騏骐 驊骅 驕骄 駒驹 駕驾 鮮鲜
鯤鲲 鳴鸣 鷗鸥 鳶鸢 鷺鹭 鸝鹂 點点 黨党 齡龄 興兴 舉举 與与 艷艶豔艳 葒荭 蕓芸 藥药 蘿萝 處处 號号 虛虚 蟬蝉
裏裡里 補补 複复 見见 規规 覺觉 覽览 親亲 觀观 豐丰 軒轩 輪轮 輯辑 轉转 載载 輕轻 輔辅 農农 鄉乡 鄰邻 釋释
針针 長长 門门 閃闪 閑闲 間间 聞闻 陝陕 書书 會会 術术 條条 來来 極极 業业 構构 樣样 機机 檢检 櫻樱 歲岁 歸归
殘残 氣气 決决 沖冲 淨净 淚泪 淵渊 漢汉 滄沧 漁渔 潔洁 潤润 澤泽 濤涛 濟济 瀾澜 灣湾 灘滩 溫温 滙匯汇 瀟潇
瀅滢 濱滨 灝灏 無无 爲為为 爺爷 牆墙 獻献 獎奖 獅狮 獨独 畫画 異异 當当 發发 盡尽 監监 盤盘 礎础 碩硕 禮礼
禪禅 禎祯 秌秋 種种 穀谷 積积 穩稳 競竞 筆笔 節节 築筑 簡简 籌筹 糧粮 紮扎 罷罢 翹翘 燿耀 聯联 膽胆 臨临 臺台
萊莱 著着 蔭荫 勢势 圓圆 園园 團团 圖图 堅坚 執执 報报 場场 塊块 墳坟 壯壮 壽寿 夢梦 夾夹 奪夺 奮奋 奧奥 個个
們们 倫伦 備备 傳传 儀仪 億亿 優优 儉俭 價价 僑侨 兒儿 兩两 冊册 寫写 涼凉 劍剑 劇剧 創创 劃划 則则 剛刚 區区
協协 廠厂 參参 歷历曆 壓压 厲厉 縣县 變变 員员 嗎吗 問问 啟啓启 喚唤 嘯啸 囑嘱 後后 徑径 徵征 復复 悳德 誌志
憑凭 戲戏 戶户 撫抚 擇择 擔担 據据 撥拨 擁拥 攝摄 數数 敵敌 斂敛 齋斋 斷断 於于 曉晓 暉晖 曄晔 暢畅 晉晋 暈晕
曠旷 昇陞升 旾春 淼渺 喆哲 堃坤 犇奔 羣群 畧略 菓果 蒞莅 颿帆 濬浚 璿璇 叡睿 旹时 佈布 佔占 併并 倣仿 偺咱
傢家 儘尽 兇凶 凜凛 剎刹 卻却 厰厂 吒咤 喫吃 嚮向 堦阶 堯尧 壻婿 夀寿 姪侄 嫋袅 孃娘 尅克 嵒岩 巖岩 巔巅
巹卺 彥彦 徧遍 恥耻 悅悦 惪德 慾欲 戀恋 抃拚 昺昞 晳皙 朶朵 杴锨 枬楠 柟楠 栢柏 梁樑 棊棋 椀碗 椶棕 楳梅 榦干
歌謌 氷冰 汎泛 沒没 洩泄 淥渌 湧涌 溼湿 燄焰 牀床 牋笺 犂犁 瑠琉 璢琉 瓌瑰 甦苏 畊耕 皐皋 皜皓 盃杯 硃朱 祕秘
禩祀 秈籼 稺稚 竝并 筍笋 粧妆 粵粤 綵彩 綫线 緜绵 繡绣 繈襁 罈坛 翫玩 耑专 肎肯 脣唇 艸草 荳豆 菴庵 萅春 葠参
蓡参 薌芗 蘂蕊 蘤花 虯虬 蜋螂 衆众 裵裴 覩睹 詧察 讌宴 豓艳 跡迹 踈疏 躭耽 迺乃 逈迥 遯遁 邨村 鄕乡 醕醇 采採
釐厘 鉅巨 鑪炉 閒闲 陗峭 雋隽 靑青 頫俯 頤颐 飜翻 髙高 鬱郁 鷰燕 麤粗 黒黑 龢和
";

/// The form under which a character is compared; itself where it has no other.
pub(super) fn common(c: char) -> char {
    static COMMON: OnceLock<HashMap<char, char>> = OnceLock::new();
    let table = COMMON.get_or_init(|| {
        let mut all = HashMap::new();
        for group in GROUPS.split_whitespace() {
            let Some(last) = group.chars().last() else { continue };
            all.extend(group.chars().filter(|c| *c != last).map(|c| (c, last)));
        }
        all
    });
    let mut c = c;
    // 甯 is compared as 寧 is, and that as 宁: few steps, and none leads in a circle (see the test).
    while let Some(next) = table.get(&c) {
        c = *next;
    }
    c
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pinyin;

    #[test]
    fn every_group_leads_to_one_character_and_none_in_a_circle() {
        let mut next: HashMap<char, char> = HashMap::new();
        for group in GROUPS.split_whitespace() {
            let chars: Vec<char> = group.chars().collect();
            assert!(chars.len() >= 2, "{group}");
            let last = chars[chars.len() - 1];
            for c in chars.into_iter().filter(|c| *c != last) {
                let before = next.insert(c, last);
                assert!(before.is_none_or(|before| before == last), "{c} stands for {last} and for {before:?}");
            }
        }
        for start in next.keys() {
            let (mut c, mut steps) = (*start, 0);
            while let Some(on) = next.get(&c) {
                (c, steps) = (*on, steps + 1);
                assert!(steps < 5, "{start} leads in a circle");
            }
        }
    }

    /// A slip of the pen in the table would make strangers of one name; one that is read otherwise is most likely one.
    #[test]
    fn characters_that_stand_for_each_other_are_read_alike() {
        // Taken for each other for what they mean or look like.
        const OTHERWISE: &[&str] = &["徵征", "枬楠", "耑专", "釐厘"];
        let mut wrong = Vec::new();
        for group in GROUPS.split_whitespace() {
            let chars: Vec<char> = group.chars().collect();
            for pair in chars.windows(2).filter(|pair| pair[0] != pair[1]) {
                let (one, other) = (pinyin::sounds(pair[0], false), pinyin::sounds(pair[1], false));
                // Characters that no table reads cannot be judged.
                let judged = !one.is_empty() && !other.is_empty();
                let alike = one.iter().any(|sound| other.contains(sound));
                if judged && !alike && !OTHERWISE.contains(&group) {
                    wrong.push(format!("{group}: {one:?} {other:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

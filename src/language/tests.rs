use super::*;

fn of(variables: &[(&str, &str)]) -> Language {
    Language::of(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn the_first_variable_that_is_set_decides() {
    use Language::{Chinese, English};
    assert_eq!(of(&[]), English);
    assert_eq!(of(&[("LANG", "zh_CN.UTF-8")]), Chinese);
    assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_MESSAGES", "en_US.UTF-8")]), English);
    assert_eq!(of(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), English);
    assert_eq!(of(&[("LC_ALL", ""), ("LC_MESSAGES", "zh_CN.utf8"), ("LANG", "C")]), Chinese);
    assert_eq!(of(&[("RICTL_LANG", "zh"), ("LC_ALL", "C")]), Chinese);
    assert_eq!(of(&[("RICTL_LANG", "en"), ("LC_ALL", "zh_CN.UTF-8")]), English);
    assert_eq!(of(&[("RICTL_LANG", ""), ("LC_ALL", "zh_CN.UTF-8")]), Chinese);
}

#[test]
fn a_value_names_chinese_or_is_english() {
    for value in ["zh", "zh_CN", "zh-CN", "ZH-cn", "zh_CN.UTF-8", "zh_CN.utf8@pinyin", "zh-Hans-CN", "zh_SG.UTF-8"] {
        assert_eq!(of(&[("RICTL_LANG", value)]), Language::Chinese, "{value}");
    }
    for value in ["C", "POSIX", "en_US.UTF-8", "zha_CN.UTF-8", "chinese", "zh_CN.GBK", "zh_CN.gb18030", "1", "/etc"] {
        assert_eq!(of(&[("RICTL_LANG", value)]), Language::English, "{value}");
    }
}

#[test]
fn a_language_is_in_force_only_while_it_is_spoken_and_only_there() {
    let inside = speak(Language::Chinese, || {
        let elsewhere = std::thread::spawn(in_force).join().unwrap();
        (in_force(), speak(Language::English, in_force), in_force(), elsewhere)
    });
    assert_eq!(inside, (Language::Chinese, Language::English, Language::Chinese, Language::English));
    assert!(std::panic::catch_unwind(|| speak(Language::Chinese, || panic!("while it is spoken"))).is_err());
    assert_eq!(in_force(), Language::English);
}

#[test]
fn a_template_is_filled_by_name() {
    let filled = filled("{{{b}}} {a}、{b}}", &[("a", &1), ("b", &"{a}")]);
    assert_eq!(filled, "{{a}} 1、{a}}");
    assert_eq!(fields("{b} of {{a}} and {c}"), ["b", "c"]);
}

#[test]
fn code_stands_apart_from_words_and_full_width_marks_from_nothing() {
    let said = |template: &str, field: &str| filled(template, &[("a", &field)]);
    assert_eq!(said("是{a}，不是{a}的", "`x`"), "是 `x`，不是 `x` 的");
    assert_eq!(said("`{a}` 和 `甲{a}`", "专线"), "`专线` 和 `甲专线`");
    assert_eq!(said("{a} 受保护", "链路（甲）"), "链路（甲）受保护");
    assert_eq!(said("{a} 受保护", "sh"), "sh 受保护");
    assert_eq!(said("由 {a}", "（甲）"), "由（甲）");
}

#[test]
fn a_catalogue_is_read_with_its_escapes() {
    let text = "msgid \"\"\nmsgstr \"Language: zh_CN\\n\"\n\n# a remark\nmsgid \"a \\\"b\\\"\\\\\"\nmsgstr \"甲\\n\"\n";
    let read: Vec<_> = catalogue::entries(text).collect();
    assert_eq!(read, [("a \"b\"\\".into(), "甲\n".into())]);
}

#[test]
fn the_same_value_is_said_in_either_language() {
    let said = || (say!("Blocked:"), say!("{up} of {declared} up, floor {floor}", up = 1, declared = 2, floor = 1));
    assert_eq!(said(), ("Blocked:", "1 of 2 up, floor 1".to_owned()));
    assert_eq!(speak(Language::Chinese, said), ("被拦下：", "2 条中 1 条在线，下限 1".to_owned()));
}

#[test]
fn a_wording_is_told_in_the_language_in_force_and_kept_in_english() {
    let (up, declared) = (1, 2);
    let worded = || worded!("{up} of {declared} up, floor {floor}", up, declared, floor = 1);
    let (for_one, for_other) = (worded(), for_reader(Language::Chinese, worded));
    let in_chinese = |wording: &Wording| speak(Language::Chinese, || wording.to_string());
    assert_eq!(
        (in_chinese(&for_other), for_other.to_string()),
        ("2 条中 1 条在线，下限 1".into(), for_one.to_string())
    );
    assert_eq!(in_chinese(&for_one), "1 of 2 up, floor 1", "nobody has worded it");
    assert_eq!(for_one, for_other);
    let inner = for_reader(Language::Chinese, || worded!("note: {what}", what = for_other));
    assert_eq!(
        (in_chinese(&inner).as_str(), inner.english()),
        ("注意：2 条中 1 条在线，下限 1", "note: 1 of 2 up, floor 1")
    );
    let kept = serde_json::to_string(&for_other).unwrap();
    assert_eq!(kept, "\"1 of 2 up, floor 1\"");
    let read: Wording = serde_json::from_str(&kept).unwrap();
    assert_eq!(in_chinese(&read), "1 of 2 up, floor 1");
}

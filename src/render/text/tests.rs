use proptest::prelude::proptest;
use proptest::prop_assert_eq;
use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::render::samples::{HOSTILE, assert_inert, view, written};

fn show(line: &Line<'_>, view: View) -> String {
    written(|out| Screen::new(out, view).line(line))
}

#[test]
fn wraps_at_spaces_and_continues_further_in() {
    let line = Line::at(2).hang(6).text("one two three four").with(Tone::Bad, "five six");
    assert_eq!(show(&line, view(16)), "  one two three\n      fourfive\n      six\n");
}

#[test]
fn keeps_a_long_word_whole_and_runs_of_spaces_too() {
    assert_eq!(show(&Line::at(0).text("a   b 0123456789012345"), view(10)), "a   b\n  0123456789012345\n");
}

#[test]
fn a_command_is_never_broken_over_two_rows() {
    let phrase = Phrase::command("rictl show last").and(" shows what was done");
    assert_eq!(
        show(&Line::at(0).text("Next: ").phrase(&phrase), view(20)),
        "Next:\n  `rictl show last`\n  shows what was\n  done\n"
    );
    let line = Line::at(0).text("2 of 3 finished ").whole(Tone::Strong, "(wave 1 of 2)");
    assert_eq!(written(|out| Screen::new(out, view(20)).cut(&line)), "2 of 3 finished\n");
}

#[test]
fn what_stands_between_backquotes_is_never_broken() {
    let line = Line::at(0).text("free it with `rictl force-unlock 21857d1e-ffff` if you know");
    assert_eq!(show(&line, view(20)), "free it with\n  `rictl force-unlock 21857d1e-ffff`\n  if you know\n");
    assert_eq!(
        show(&Line::at(0).text("one ` of two words"), view(10)),
        "one ` of\n  two\n  words\n",
        "nothing is between"
    );
    let told = language::speak(Language::Chinese, || show(&Line::at(0).text("先运行 `rictl 改 名` 再看"), view(10)));
    assert_eq!(told, "先运行\n  `rictl 改 名`\n  再看\n");
}

#[test]
fn counts_columns_of_wide_characters() {
    assert_eq!(show(&Line::at(0).text("上海 北京 广州"), view(10)), "上海 北京\n  广州\n");
}

#[test]
fn shortens_a_name_in_its_middle() {
    assert_eq!(shortened("link-1", 6, "..."), "link-1");
    assert_eq!(shortened("shanghai-uplink-17", 11, "..."), "shan...k-17");
    assert_eq!(shortened("shanghai-uplink-17", 10, "…"), "shang…k-17");
    assert_eq!(shortened("上海专线主用", 8, "…"), "上海…用");
    assert_eq!(shortened("anything", 0, "…"), "…");
}

#[test]
fn colours_only_where_wanted_and_only_by_its_own_hand() {
    let line = Line::at(0).with(Tone::Good, "up \x1b[31mred");
    let colored = View { color: true, ..view(80) };
    assert_eq!(show(&line, view(80)), "up \\x1b[31mred\n");
    assert_eq!(show(&line, colored), "\x1b[32mup \\x1b[31mred\x1b[0m\n");
}

#[test]
fn takes_the_meaning_from_log_commands_wherever_a_line_breaks() {
    let line = Line::at(0).text("a ::error::b ##[warning]c");
    assert_eq!(show(&line, view(3)), "a\n  \\x3a:error::b\n  \\x23\\x23[warning]c\n");
    for text in HOSTILE {
        assert_inert(&show(&Line::at(2).with(Tone::Bad, *text).text(*text), view(12)), text);
    }
}

proptest! {
    #[test]
    fn whatever_is_shown_is_inert_and_whole(text in ".*", width in 20_u16..120) {
        let shown = show(&Line::at(0).hang(0).text(text.as_str()), view(width));
        assert_inert(&shown, &text);
        let squeezed = |text: &str| text.split([' ', '\n']).collect::<String>();
        if !text.contains("::") && !text.contains("##[") {
            prop_assert_eq!(squeezed(&shown), squeezed(&escape_terminal(&text)));
        }
        for line in shown.lines().filter(|line| line.contains(' ')) {
            proptest::prop_assert!(line.width() <= usize::from(width));
        }
    }
}

#[test]
fn chinese_is_broken_between_its_letters_but_not_at_its_marks_and_never_in_a_name() {
    let parts = |text| -> Vec<String> { unbroken(text).into_iter().map(|(_, part)| part.to_owned()).collect() };
    let chinese = |text| language::speak(Language::Chinese, || parts(text));
    assert_eq!(chinese("两次：`a.b` 和"), ["两", "次：", "`a.b`", "和"]);
    assert_eq!(chinese("停掉sh-primary（ri-a，cn）"), ["停", "掉", "sh-primary", "（ri-a，", "cn）"]);
    assert_eq!(chinese("`专线` 停"), ["`专线`", "停"]);
    assert_eq!(parts("停掉 sh，然后"), ["停掉", "sh，然后"]);
}

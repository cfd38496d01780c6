//! A command line as people type one, without a shell.

use std::str::FromStr;

/// A command as an argument list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words(pub(super) Vec<String>);

impl FromStr for Words {
    type Err = &'static str;

    /// Splits at spaces; what stands in single or double quotes is kept together, and nothing else has a meaning.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
        for character in text.chars() {
            match (quote, character) {
                (Some(open), _) if character == open => quote = None,
                (None, '\'' | '"') => {
                    quote = Some(character);
                    word.get_or_insert_default();
                }
                (None, _) if character.is_whitespace() => words.extend(word.take()),
                _ => word.get_or_insert_default().push(character),
            }
        }
        words.extend(word);
        match (quote, words.first()) {
            (Some(_), _) => Err("a quote is not closed"),
            (None, None) => Err("it names no program"),
            (None, Some(_)) => Ok(Self(words)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_words_without_a_shell() {
        let words = |text: &str| text.parse::<Words>().map(|words| words.0);
        assert_eq!(
            words("  mail -s \"it's moved\" 'a \"b\"' $HOME;x "),
            Ok(["mail", "-s", "it's moved", "a \"b\"", "$HOME;x"].map(str::to_owned).to_vec())
        );
        assert_eq!(words("a '' b\"c d\"e"), Ok(["a", "", "bc de"].map(str::to_owned).to_vec()));
        assert_eq!(words("mail 'x"), Err("a quote is not closed"));
        assert_eq!(words("   "), Err("it names no program"));
    }
}

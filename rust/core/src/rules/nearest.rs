//! The known word nearest to a misspelt one.

/// The candidate with the smallest edit distance, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the letters wrong is still a slip; more is another word.
    let tolerance = word.chars().count().div_ceil(3);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= tolerance)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance: the fewest insertions, deletions and substitutions of single letters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, &b) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_distances() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "vix"), 3);
        assert_eq!(distance("vix", "vix"), 0);
    }

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["vix", "spot", "realised_vol_21"];
        assert_eq!(nearest("vxi", known), None);
        assert_eq!(nearest("vic", known), Some("vix"));
        assert_eq!(nearest("realized_vol_21", known), Some("realised_vol_21"));
        assert_eq!(nearest("advance_decline", known), None);
    }
}

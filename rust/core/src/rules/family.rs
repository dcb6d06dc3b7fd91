//! What the terms of a score are evidence of: it listens to at least two families (C24), and valuation never leads (C11).

use std::collections::BTreeMap;

use super::{
    expr::Expr,
    names::{NAMES, Name, Scope},
};

/// The family that never decides.
const VALUATION: &str = "valuation";

/// Families by name, of names that are not the engine's own; a name without one is a family by itself.
pub type Families = BTreeMap<String, String>;

impl Name {
    /// What the name is evidence of.
    pub fn family(self) -> &'static str {
        match self {
            Self::Vix
            | Self::VixForward
            | Self::VixPercentile252
            | Self::VolatilityBand
            | Self::VixContango
            | Self::VxM1M2
            | Self::RollYield
            | Self::VixTerm => "volatility",
            Self::Rate | Self::DividendYield => "rates",
            Self::Session | Self::DaysToFomc | Self::DaysToCpi | Self::DaysToPpi => "calendar",
            Self::Chance => "chance",
            _ => match self.entry().scope {
                Scope::Market => "price",
                Scope::Book => "book",
                Scope::Position => "position",
            },
        }
    }
}

/// Per term of a score, the families of its names as bits; or what is wrong with them.
pub(super) fn of_terms(args: &[Expr], given: &Families) -> Result<Vec<u64>, String> {
    let mut seen = Vec::new();
    let terms = || args.chunks_exact(2);
    let masks: Vec<u64> = terms().map(|pair| mask(&pair[1], given, &mut seen)).collect();
    if seen.len() < 2 {
        let found = seen.first().map_or("none".to_owned(), |family| format!("only {family}"));
        return Err(format!(
            "the terms of `score` must be of two families or more, and these are of {found}"
        ));
    }
    let valuation = seen.iter().position(|family| *family == VALUATION);
    let (mut capped, mut other) = (0.0, 0.0);
    for (pair, mask) in terms().zip(&masks) {
        let Expr::Const(weight) = pair[0] else { continue };
        let of_valuation = valuation.is_some_and(|bit| mask >> bit & 1 == 1);
        *(if of_valuation { &mut capped } else { &mut other }) += weight;
    }
    if capped > other {
        return Err(format!(
            "the terms of valuation weigh {capped} and the others {other}: valuation never outweighs the rest"
        ));
    }
    Ok(masks)
}

fn mask<'a>(expr: &'a Expr, given: &'a Families, seen: &mut Vec<&'a str>) -> u64 {
    match expr {
        Expr::Const(_) => 0,
        Expr::Apply { args, .. } => args.iter().fold(0, |bits, arg| bits | mask(arg, given, seen)),
        Expr::Name(text) => {
            let own = NAMES.iter().find(|row| row.text == text).map(|row| row.name.family());
            let family = own.unwrap_or_else(|| given.get(text).map_or(text, String::as_str));
            let bit = seen.iter().position(|known| *known == family).unwrap_or_else(|| {
                seen.push(family);
                seen.len() - 1
            });
            // A rule reads fewer names than there are bits.
            1 << bit.min(63)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Expr {
        Expr::Name(text.to_owned())
    }

    fn terms(pairs: &[(f64, &str)]) -> Vec<Expr> {
        pairs.iter().flat_map(|(weight, text)| [Expr::Const(*weight), name(text)]).collect()
    }

    #[test]
    fn one_family_is_no_score_and_valuation_never_leads() {
        let given: Families = [
            ("price_earnings".to_owned(), VALUATION.to_owned()),
            ("etf_flow".to_owned(), "flows".to_owned()),
        ]
        .into();
        let masks = |pairs: &[(f64, &str)]| of_terms(&terms(pairs), &given);
        assert_eq!(masks(&[(1.0, "vix"), (1.0, "rsi_14"), (2.0, "vix_contango")]), Ok(vec![1, 2, 1]));
        assert_eq!(masks(&[(1.0, "etf_flow"), (1.0, "of_mine")]), Ok(vec![1, 2]));
        let alone = masks(&[(1.0, "rsi_14"), (1.0, "drawdown")]).unwrap_err();
        assert!(alone.contains("these are of only price"), "{alone}");
        assert_eq!(masks(&[(1.0, "price_earnings"), (1.0, "vix")]), Ok(vec![1, 2]));
        let leads = masks(&[(1.5, "price_earnings"), (1.0, "vix")]).unwrap_err();
        assert!(leads.contains("valuation weigh 1.5 and the others 1"), "{leads}");
    }
}

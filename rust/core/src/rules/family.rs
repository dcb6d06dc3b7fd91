//! What the terms of a score are evidence of: it listens to at least two families (C24), and valuation never leads (C11).

use std::collections::BTreeMap;

use super::{
    expr::{Expr, Op},
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
            Self::Session | Self::Weekday | Self::DaysToFomc | Self::DaysToCpi | Self::DaysToPpi => {
                "calendar"
            }
            Self::MarketBeta => "breadth",
            Self::Chance => "chance",
            _ => match self.entry().scope {
                Scope::Market => "price",
                Scope::Book => "book",
                Scope::Position => "position",
            },
        }
    }
}

/// Most families that the terms of one score may be of: a bit each.
const MAX_FAMILIES: usize = 64;

/// What a term of a score is evidence of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The families of its names as bits; none for a constant and for what only asks whether data are there.
    pub families: u64,
    /// Is one of them valuation?
    pub valuation: bool,
}

/// The evidence of each term of a score; or what is wrong with it.
pub(super) fn of_terms(args: &[Expr], given: &Families) -> Result<Vec<Evidence>, String> {
    let mut seen = Vec::new();
    let terms = || args.chunks_exact(2);
    for pair in terms() {
        list(&pair[1], given, &mut seen);
    }
    match seen.len() {
        0 | 1 => {
            let found = seen.first().map_or("none".to_owned(), |family| format!("only {family}"));
            return Err(format!(
                "the terms of `score` must be of two families or more, and these are of {found}"
            ));
        }
        2..=MAX_FAMILIES => {}
        count => {
            return Err(format!(
                "the terms of `score` may be of {MAX_FAMILIES} families, and these are of {count}"
            ));
        }
    }
    let evidence: Vec<Evidence> = terms()
        .map(|pair| {
            let mut own = Vec::new();
            list(&pair[1], given, &mut own);
            let bit = |family: &&str| seen.iter().position(|known| known == family);
            let families = own.iter().filter_map(bit).fold(0, |bits, bit| bits | 1 << bit);
            Evidence { families, valuation: own.contains(&VALUATION) }
        })
        .collect();
    let (mut capped, mut other) = (0.0, 0.0);
    for (pair, of) in terms().zip(&evidence) {
        let Expr::Const(weight) = pair[0] else { continue };
        match of {
            Evidence { valuation: true, .. } => capped += weight,
            Evidence { families: 0, .. } => {}
            _ => other += weight,
        }
    }
    if capped > other {
        return Err(format!(
            "the terms of valuation weigh {capped} and those of other families {other}: valuation never outweighs the rest"
        ));
    }
    Ok(evidence)
}

/// Adds the families of the names under a node. A compound term is of all of them, known or not in a session; whether
/// data are there is evidence of nothing.
fn list<'a>(expr: &'a Expr, given: &'a Families, seen: &mut Vec<&'a str>) {
    match expr {
        Expr::Const(_) | Expr::Apply { op: Op::Known, .. } => {}
        Expr::Apply { args, .. } => args.iter().for_each(|arg| list(arg, given, seen)),
        Expr::Name(text) => {
            let own = NAMES.iter().find(|row| row.text == text).map(|row| row.name.family());
            let family = own.unwrap_or_else(|| given.get(text).map_or(text, String::as_str));
            if !seen.contains(&family) {
                seen.push(family);
            }
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
        let masks = |pairs: &[(f64, &str)]| {
            of_terms(&terms(pairs), &given).map(|all| all.iter().map(|of| of.families).collect::<Vec<_>>())
        };
        assert_eq!(masks(&[(1.0, "vix"), (1.0, "rsi_14"), (2.0, "vix_contango")]), Ok(vec![1, 2, 1]));
        assert_eq!(masks(&[(1.0, "etf_flow"), (1.0, "of_mine")]), Ok(vec![1, 2]));
        let alone = masks(&[(1.0, "rsi_14"), (1.0, "drawdown")]).unwrap_err();
        assert!(alone.contains("these are of only price"), "{alone}");
        assert_eq!(masks(&[(1.0, "price_earnings"), (1.0, "vix")]), Ok(vec![1, 2]));
        let leads = masks(&[(1.5, "price_earnings"), (1.0, "vix")]).unwrap_err();
        assert!(leads.contains("valuation weigh 1.5 and those of other families 1"), "{leads}");
    }

    #[test]
    fn whether_data_are_there_is_evidence_of_nothing() {
        let known = |text| Expr::Apply { op: Op::Known, args: vec![name(text)], n: None };
        let weight = || Expr::Const(1.0);
        let given = Families::new();
        let alone = of_terms(&[weight(), name("vix"), weight(), known("put_call")], &given).unwrap_err();
        assert!(alone.contains("only volatility"), "{alone}");
        let terms = [weight(), name("vix"), weight(), name("rate"), weight(), known("price_earnings")];
        let evidence = of_terms(&terms, &given).unwrap();
        assert_eq!(evidence[2], Evidence { families: 0, valuation: false });
    }

    #[test]
    fn what_is_no_evidence_does_not_weigh_against_valuation() {
        let given: Families = [("price_earnings".to_owned(), VALUATION.to_owned())].into();
        let mut args = terms(&[(1.0, "price_earnings"), (0.5, "vix")]);
        args.extend([Expr::Const(9.0), Expr::Const(0.0)]);
        let leads = of_terms(&args, &given).unwrap_err();
        assert!(leads.contains("valuation weigh 1 and those of other families 0.5"), "{leads}");
    }

    #[test]
    fn every_family_has_a_bit_of_its_own() {
        let names: Vec<String> = (0..=MAX_FAMILIES).map(|index| format!("of_mine_{index}")).collect();
        let pairs: Vec<(f64, &str)> = names.iter().map(|name| (1.0, name.as_str())).collect();
        let most = of_terms(&terms(&pairs[1..]), &Families::new()).unwrap();
        assert_eq!(most[63].families, 1 << 63);
        assert_eq!(most.iter().fold(0, |bits, of| bits ^ of.families), u64::MAX);
        let refused = of_terms(&terms(&pairs), &Families::new()).unwrap_err();
        assert!(refused.contains("may be of 64 families, and these are of 65"), "{refused}");
    }
}

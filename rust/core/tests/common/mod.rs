//! A small comparison, written out, for tests and benchmarks.

use serde_json::{Value, json};

/// Sessions of the comparison.
pub const SESSIONS: u32 = 63;

/// A weekly 45-day condor on weekdays from 2025-01-02, expiries on Fridays.
pub fn spec() -> Value {
    let days: Vec<i32> = (20_090..).filter(|day| (day + 3) % 7 < 5).take(SESSIONS as usize + 60).collect();
    let fridays: Vec<usize> = (0..days.len()).filter(|&i| (days[i] + 3) % 7 == 4).collect();
    let leg =
        |right: &str, ratio: i32, strike: Value| json!({"right": right, "ratio": ratio, "strike": strike});
    let short = json!({"by": "delta", "value": 0.16});
    let wing = |from: u32| json!({"by": "offset", "from": from, "width": {"fraction": 0.01}});
    json!({
        "schema": 1, "capital": 1e6, "sessions": SESSIONS, "seed": 7,
        "market": {"model": "l3f"},
        "schedule": {
            "ordinals": (0..days.len()).collect::<Vec<_>>(),
            "half_days": vec![false; days.len()],
            "days": days, "origin": 0, "tradable": SESSIONS + 1,
            "expiries": {"SPXW": fridays},
        },
        "costs": {
            "order_share": 0.35, "single_share": 1.0, "liquidation_share": 1.0, "half_spread_factor": 1.0, "vix_knee": 20.0,
            "vix_power": 1.25, "commission": 0.5,
        },
        "contracts": {"SPXW": {
            "product": "SPXW", "index_fraction": 1.0, "multiplier": 100.0, "ticks": [[0.0, 0.05], [3.0, 0.1]],
            "strike_steps": [[0.0, 5.0]], "half_spread": {"scale": 0.071, "power": 0.43}, "settlement": "PM", "exchange_fee": 0.65,
        }},
        "ruin_share": 0.2, "margin": "strategy",
        "books": [{"arm": "plain", "share": 0.35, "layers": [{
            "name": "core", "product": "SPXW", "every": "week", "days": {"low": 38, "high": 52, "target": 45},
            "legs": [
                leg("P", -1, short.clone()), leg("P", 1, wing(0)), leg("C", -1, short.clone()), leg("C", 1, wing(2)),
            ],
            "size": {"target": "margin_share", "value": 0.35},
        }]}],
    })
}

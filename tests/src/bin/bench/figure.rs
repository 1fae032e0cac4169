//! A measured number, and what it has to reach.

use serde_json::{Value, json};

/// One number of the table.
pub(crate) struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    bound: Bound,
    how: String,
}

/// What a number has to reach.
enum Bound {
    None,
    AtMost(f64),
    AtLeast(f64),
}

impl Figure {
    pub(crate) fn new(
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        how: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            value,
            unit,
            bound: Bound::None,
            how: how.into(),
        }
    }

    #[must_use]
    pub(crate) fn at_most(self, limit: f64) -> Self {
        Self {
            bound: Bound::AtMost(limit),
            ..self
        }
    }

    #[must_use]
    pub(crate) fn at_least(self, least: f64) -> Self {
        Self {
            bound: Bound::AtLeast(least),
            ..self
        }
    }

    pub(crate) fn array(figures: &[Self]) -> Value {
        figures.iter().map(Self::json).collect()
    }

    fn json(&self) -> Value {
        let (limit, least) = match self.bound {
            Bound::None => (None, None),
            Bound::AtMost(limit) => (Some(limit), None),
            Bound::AtLeast(least) => (None, Some(least)),
        };
        json!({
            "what": self.what, "value": rounded(self.value), "unit": self.unit,
            "limit": limit, "least": least, "how": self.how,
        })
    }
}

/// To four digits.
fn rounded(value: f64) -> f64 {
    if value == 0.0 {
        return 0.0;
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    let scale = 10_f64.powi(digits.clamp(0, 6));
    (value * scale).round() / scale
}

/// How often something is measured: as a rule `usual`, and fewer times where `BENCH_ROUNDS` says so, for a look at
/// the program itself.
pub(crate) fn rounds(usual: usize) -> usize {
    let said = std::env::var("BENCH_ROUNDS").ok();
    let most = said.and_then(|text| text.parse().ok());
    most.map_or(usual, |most: usize| usual.min(most))
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    }
}

/// The slope of the least-squares line through the logarithms.
pub(crate) fn slope(points: &[(f64, f64)]) -> f64 {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / count;
    let over: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let under: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    over / under
}

//! Charts as inline SVG. Colours come from the page's style, so that they follow light and dark; every figure is also
//! told in words beside the chart.

use super::html::escape;
use super::words::span;
use std::fmt::Write as _;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 220.0;
/// Room for the times at the left, and for the numbers below.
const LEFT: f64 = 84.0;
const BOTTOM: f64 = 26.0;
const TOP: f64 = 10.0;

/// One bar.
pub(super) struct Bar {
    /// What is read where it is pointed at.
    pub(super) title: String,
    /// Below the axis, where there is room.
    pub(super) label: String,
    pub(super) seconds: f64,
    /// Of the class that gives it its colour.
    pub(super) class: &'static str,
}

/// Bars of seconds over their labels, with a line at the median where there is one.
pub(super) fn bars(bars: &[Bar], median: Option<f64>, name: &str) -> String {
    let highest = bars.iter().map(|bar| bar.seconds).fold(0.0, f64::max);
    let (top, step) = ticks(highest);
    let plot = HEIGHT - TOP - BOTTOM;
    let y = |seconds: f64| TOP + plot * (1.0 - seconds / top);
    let pitch = (WIDTH - LEFT) / bars.len().max(1) as f64;
    let gap = if pitch > 6.0 {
        2.0
    } else if pitch > 3.0 {
        1.0
    } else {
        0.0
    };
    let bar_width = (pitch - gap).clamp(0.6, 48.0);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"{0}\"><svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">",
        escape(name)
    );
    let mut tick = 0.0;
    while tick <= top * 1.0001 {
        let at = y(tick);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            axis(tick)
        );
        tick += step;
    }
    let every = label_every(bars, pitch);
    for (index, bar) in bars.iter().enumerate() {
        let x = LEFT + pitch * index as f64 + (pitch - bar_width) / 2.0;
        let height = (plot * bar.seconds / top).max(1.0);
        let _ = write!(
            out,
            "<rect class=\"{}\" x=\"{x:.2}\" y=\"{:.2}\" width=\"{bar_width:.2}\" height=\"{height:.2}\"><title>{}</title></rect>",
            bar.class,
            TOP + plot - height,
            escape(&bar.title)
        );
        if index % every == 0 {
            let middle = x + bar_width / 2.0;
            let anchor = if index == 0 && every > 1 { "start" } else { "middle" };
            let at = if anchor == "start" { x } else { middle };
            let _ = write!(
                out,
                "<text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"{anchor}\">{}</text>",
                HEIGHT - 8.0,
                escape(&bar.label)
            );
        }
    }
    if let Some(median) = median {
        let at = y(median);
        let _ = write!(
            out,
            "<line class=\"median\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>"
        );
    }
    out.push_str("</svg></div>");
    out
}

/// Every how many bars one has its label, so that they do not touch.
fn label_every(bars: &[Bar], pitch: f64) -> usize {
    let longest = bars.iter().map(|bar| bar.label.chars().count()).max().unwrap_or(1);
    let room = longest as f64 * 7.5 + 14.0;
    ((room / pitch).ceil() as usize).max(1)
}

/// The top of the axis and the distance of its lines: three to five of them, at round times.
fn ticks(highest: f64) -> (f64, f64) {
    const STEPS: [f64; 26] = [
        0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0,
        1800.0, 3600.0, 7200.0, 14_400.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
    ];
    let highest = highest.max(0.02);
    let step = STEPS.into_iter().find(|step| highest / step <= 4.0).unwrap_or(highest / 4.0);
    ((highest / step).ceil() * step, step)
}

/// A time on an axis.
fn axis(seconds: f64) -> String {
    match seconds {
        0.0 => "0".to_owned(),
        s if s < 1.0 => format!("{s:.2} s"),
        s if s < 60.0 => format!("{} s", (s * 10.0).round() / 10.0),
        s if s < 3600.0 && s % 60.0 == 0.0 => format!("{} min", s / 60.0),
        s if s % 3600.0 == 0.0 && s < 172_800.0 => format!("{} h", s / 3600.0),
        s => span(s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_times() {
        for (highest, expect) in [
            (0.0, (0.02, 0.01)),
            (3.4, (4.0, 1.0)),
            (9.0, (10.0, 5.0)),
            (61.0, (90.0, 30.0)),
            (4000.0, (5400.0, 1800.0)),
        ] {
            assert_eq!(ticks(highest), expect, "{highest}");
        }
        assert_eq!(
            [0.0, 0.05, 1.5, 90.0, 120.0, 7200.0].map(axis),
            ["0", "0.05 s", "1.5 s", "1 min 30 s", "2 min", "2 h"]
        );
    }

    #[test]
    fn labels_leave_room_for_each_other() {
        let bar = |index: usize| Bar {
            title: "<b>".to_owned(),
            label: index.to_string(),
            seconds: index as f64,
            class: "bar",
        };
        let many: Vec<Bar> = (0..400).map(bar).collect();
        let svg = bars(&many, Some(3.0), "times & more");
        assert_eq!(svg.matches("<rect").count(), 400);
        assert!(svg.matches("<text").count() < 40, "{}", svg.matches("<text").count());
        assert!(svg.contains("&lt;b&gt;") && svg.contains("times &amp; more") && !svg.contains("<b>"));
        assert!(bars(&[], None, "none").ends_with("</svg></div>"));
    }
}

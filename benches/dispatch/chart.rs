//! Charts as SVG: panels side by side, lines on two logarithmic scales.

use std::fmt::Write as _;

pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) below: String,
    /// The least and the greatest power of ten of each scale.
    pub(crate) x: (i32, i32),
    pub(crate) y: (i32, i32),
    pub(crate) lines: Vec<(String, Vec<(f64, f64)>)>,
}

const COLOURS: [&str; 5] = ["#0a6", "#06c", "#c50", "#a0a", "#777"];
/// The lines are told apart without colours too.
const DASHES: [&str; 5] = ["", "6 3", "2 3", "9 3 2 3", "1 5"];
const WIDTH: f64 = 280.0;
const HEIGHT: f64 = 220.0;

pub(crate) fn chart(panels: &[Panel]) -> String {
    let all = 360 * panels.len();
    let most = panels.iter().map(|panel| panel.lines.len()).max().unwrap_or(0);
    let below = 320 + 18 * most;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {all} {below}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<style>text{{fill:#333}}.grid{{stroke:#8883}}\
         @media(prefers-color-scheme:dark){{text{{fill:#ddd}}}}</style>\n"
    );
    let mut left = 50.0;
    for panel in panels {
        draw(&mut svg, panel, left);
        left += 360.0;
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, panel: &Panel, left: f64) {
    let place = |value: f64, (low, high): (i32, i32)| {
        ((value.log10() - f64::from(low)) / f64::from(high - low)).clamp(0.0, 1.0)
    };
    let x = |value: f64| left + place(value, panel.x) * WIDTH;
    let y = |value: f64| 270.0 - place(value, panel.y) * HEIGHT;
    let _ = writeln!(svg, "<text x=\"{left}\" y=\"30\" font-weight=\"bold\">{}</text>", panel.title);
    for power in panel.y.0..=panel.y.1 {
        let (at, value) = (y(10f64.powi(power)), 10f64.powi(power));
        let (right, text) = (left + WIDTH, left - 6.0);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{text}\" y=\"{:.1}\" text-anchor=\"end\">{value}</text>",
            at + 4.0
        );
    }
    for power in panel.x.0..=panel.x.1 {
        let (at, value) = (x(10f64.powi(power)), 10f64.powi(power));
        let _ = writeln!(svg, "<text x=\"{at:.1}\" y=\"288\" text-anchor=\"middle\">{value}</text>");
    }
    let middle = left + WIDTH / 2.0;
    let _ = writeln!(svg, "<text x=\"{middle}\" y=\"305\" text-anchor=\"middle\">{}</text>", panel.below);
    let mut legend = 325.0;
    for (index, (label, points)) in panel.lines.iter().enumerate() {
        let (colour, dash) = (COLOURS[index % COLOURS.len()], DASHES[index % DASHES.len()]);
        let style = format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dash}\"");
        let at: Vec<(f64, f64)> = points.iter().map(|point| (x(point.0), y(point.1))).collect();
        let text: Vec<String> = at.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(svg, "<polyline points=\"{}\" {style}/>", text.join(" "));
        for (x, y) in at {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
        let (end, text) = (left + 30.0, left + 36.0);
        let _ = writeln!(
            svg,
            "<line x1=\"{left}\" x2=\"{end}\" y1=\"{:.1}\" y2=\"{:.1}\" {style}/><text x=\"{text}\" y=\"{legend}\">{label}</text>",
            legend - 4.0,
            legend - 4.0
        );
        legend += 18.0;
    }
}

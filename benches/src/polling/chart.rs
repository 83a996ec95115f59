//! A chart of what polls cost, as SVG and as text: delay on the x axis, requests on the y axis,
//! both logarithmic.
#![expect(
    clippy::exhaustive_structs,
    reason = "made field by field by the example that draws it"
)]

use std::fmt::Write;

/// A chart with one panel for each measure of delay.
#[derive(Debug)]
pub struct Chart {
    /// The title.
    pub title: String,
    /// The subtitle, with the conditions.
    pub subtitle: String,
    /// The panels, side by side.
    pub panels: Vec<Panel>,
}

/// A panel for one measure of delay.
#[derive(Debug)]
pub struct Panel {
    /// The label of the x axis.
    pub delay: &'static str,
    /// Lines with dots on them.
    pub lines: Vec<Line>,
    /// Other dots.
    pub dots: Vec<Dot>,
}

/// A line through points of delay and requests, in seconds and requests for each document.
#[derive(Debug)]
pub struct Line {
    /// How it is drawn.
    pub style: Style,
    /// The points, from left to right.
    pub points: Vec<(f64, f64)>,
    /// The points with a name.
    pub dots: Vec<Dot>,
}

/// A point with a name.
#[derive(Debug, Clone)]
pub struct Dot {
    /// The name.
    pub name: &'static str,
    /// Delay and requests.
    pub at: (f64, f64),
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the set is complete")]
pub enum Style {
    /// Our policy.
    Ours,
    /// The optimum.
    Limit,
}

const WIDTH: f64 = 980.0;
const HEIGHT: f64 = 470.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = 412.0;
const LEFT: f64 = 58.0;
const GAP: f64 = 34.0;
const RIGHT: f64 = 18.0;

/// The ranges of the axes: seconds, and requests.
const DELAYS: (f64, f64) = (0.3, 220.0);
const REQUESTS: (f64, f64) = (0.9, 60.0);
const DELAY_MARKS: [f64; 8] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
const REQUEST_MARKS: [f64; 6] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0];

const OURS: &str = "#1463c7";
const THEIRS: &str = "#c2410c";
const GREY: &str = "#64748b";
const TEXT: &str = "#1e293b";

/// The position of a value in a range, on a logarithmic scale: 0 to 1.
fn part(value: f64, (low, high): (f64, f64)) -> f64 {
    ((value / low).ln() / (high / low).ln()).clamp(0.0, 1.0)
}

fn is_within(value: f64, (low, high): (f64, f64)) -> bool {
    (low..=high).contains(&value)
}

const NAMESPACE: &str = "http://www.w3.org/2000/svg";
const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif";

impl Chart {
    /// The chart as SVG; the same figures give the same bytes.
    pub fn svg(&self) -> String {
        let mut svg = format!(
            r##"<svg xmlns="{NAMESPACE}" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="{FONTS}">
<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"/>
"##
        );
        text(
            &mut svg,
            (LEFT, 32.0),
            "start",
            &format!(r#"font-size="18" font-weight="600" fill="{TEXT}""#),
            &self.title,
        );
        text(
            &mut svg,
            (LEFT, 54.0),
            "start",
            &format!(r#"font-size="12.5" fill="{GREY}""#),
            &self.subtitle,
        );
        let width = (WIDTH - LEFT - RIGHT - GAP * (self.panels.len() as f64 - 1.0))
            / self.panels.len() as f64;
        for (index, panel) in self.panels.iter().enumerate() {
            let left = LEFT + index as f64 * (width + GAP);
            panel.svg(&mut svg, left, width, index == 0);
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The chart as text, for a terminal of 100 columns.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n{}\n", self.title, self.subtitle);
        for panel in &self.panels {
            text.push('\n');
            panel.text(&mut text);
        }
        text
    }
}

impl Panel {
    fn svg(&self, svg: &mut String, left: f64, width: f64, has_labels: bool) {
        let x = |delay: f64| left + width * part(delay, DELAYS);
        let y = |requests: f64| BOTTOM - (BOTTOM - TOP) * part(requests, REQUESTS);
        let small = format!(r#"font-size="11.5" fill="{GREY}""#);
        for mark in REQUEST_MARKS {
            rule(svg, (left, y(mark)), (left + width, y(mark)));
            if has_labels {
                text(
                    svg,
                    (left - 8.0, y(mark) + 4.0),
                    "end",
                    &small,
                    &format!("{mark}"),
                );
            }
        }
        for mark in DELAY_MARKS {
            rule(svg, (x(mark), TOP), (x(mark), BOTTOM));
            text(
                svg,
                (x(mark), BOTTOM + 17.0),
                "middle",
                &small,
                &format!("{mark}"),
            );
        }
        text(
            svg,
            (left + width / 2.0, BOTTOM + 39.0),
            "middle",
            &format!(r#"font-size="12.5" fill="{TEXT}""#),
            self.delay,
        );
        if has_labels {
            let style = format!(
                r#"font-size="12.5" fill="{TEXT}" transform="rotate(-90 18 {0})""#,
                (TOP + BOTTOM) / 2.0
            );
            text(
                svg,
                (18.0, (TOP + BOTTOM) / 2.0),
                "middle",
                &style,
                "requests for each document",
            );
        }
        for line in &self.lines {
            let points = line.points.iter().filter(|(delay, requests)| {
                is_within(*delay, DELAYS) && is_within(*requests, REQUESTS)
            });
            let points: Vec<String> = points
                .map(|(delay, requests)| format!("{:.1},{:.1}", x(*delay), y(*requests)))
                .collect();
            let style = match line.style {
                Style::Ours => format!(
                    concat!(
                        r#"stroke="{}" stroke-width="3" stroke-linejoin="round" "#,
                        r#"stroke-linecap="round""#
                    ),
                    OURS
                ),
                Style::Limit => {
                    format!(r#"stroke="{GREY}" stroke-width="1.5" stroke-dasharray="5 4""#)
                }
            };
            let _ = writeln!(
                svg,
                r#"<polyline points="{}" fill="none" {style}/>"#,
                points.join(" ")
            );
            for dot in &line.dots {
                if line.style == Style::Ours {
                    mark(svg, dot, (x(dot.at.0), y(dot.at.1)), OURS, Side::BelowLeft);
                } else {
                    let style = format!(r#"font-size="11.5" font-style="italic" fill="{GREY}""#);
                    text(
                        svg,
                        (x(dot.at.0), y(dot.at.1) + 16.0),
                        "end",
                        &style,
                        dot.name,
                    );
                }
            }
        }
        for dot in &self.dots {
            mark(svg, dot, (x(dot.at.0), y(dot.at.1)), THEIRS, Side::Right);
        }
    }

    fn text(&self, out: &mut String) {
        const COLUMNS: usize = 78;
        const ROWS: usize = 21;
        let column = |delay: f64| (part(delay, DELAYS) * (COLUMNS - 1) as f64).round() as usize;
        let row = |requests: f64| {
            ROWS - 1 - (part(requests, REQUESTS) * (ROWS - 1) as f64).round() as usize
        };
        let mut cells = vec![vec![' '; COLUMNS]; ROWS];
        for line in &self.lines {
            let sign = if line.style == Style::Ours { '*' } else { '.' };
            for pair in line.points.windows(2) {
                for step in 0..=20 {
                    let between =
                        |from: f64, to: f64| from * (to / from).powf(f64::from(step) / 20.0);
                    let (delay, requests) =
                        (between(pair[0].0, pair[1].0), between(pair[0].1, pair[1].1));
                    if is_within(delay, DELAYS) && is_within(requests, REQUESTS) {
                        cells[row(requests)][column(delay)] = sign;
                    }
                }
            }
        }
        for dot in &self.dots {
            write(
                &mut cells[row(dot.at.1)],
                column(dot.at.0),
                &format!("o {}", dot.name),
            );
        }
        for dot in self
            .lines
            .iter()
            .filter(|line| line.style == Style::Ours)
            .flat_map(|line| &line.dots)
        {
            let name = format!("{} o", dot.name);
            write(
                &mut cells[row(dot.at.1)],
                (column(dot.at.0) + 1).saturating_sub(name.len()),
                &name,
            );
        }
        for (index, cells) in cells.iter().enumerate() {
            let label = REQUEST_MARKS
                .iter()
                .find(|mark| row(**mark) == index)
                .map_or(String::new(), ToString::to_string);
            let _ = writeln!(
                out,
                "{label:>4} |{}",
                cells.iter().collect::<String>().trim_end()
            );
        }
        let mut marks = vec![' '; COLUMNS + 4];
        for mark in &DELAY_MARKS {
            for (offset, sign) in mark.to_string().chars().enumerate() {
                marks[column(*mark) + offset] = sign;
            }
        }
        let _ = writeln!(
            out,
            "     +{}\n      {}\n      {}",
            "-".repeat(COLUMNS),
            marks.iter().collect::<String>().trim_end(),
            self.delay
        );
    }
}

/// Overwrites cells, as far as there is room.
fn write(cells: &mut [char], from: usize, text: &str) {
    cells
        .iter_mut()
        .skip(from)
        .zip(text.chars())
        .for_each(|(cell, sign)| *cell = sign);
}

/// The position of a name beside its dot.
#[derive(Clone, Copy)]
enum Side {
    Right,
    BelowLeft,
}

fn mark(svg: &mut String, dot: &Dot, (x, y): (f64, f64), colour: &str, side: Side) {
    let _ = writeln!(
        svg,
        concat!(
            r##"<circle cx="{:.1}" cy="{:.1}" r="5" fill="{}" stroke="#ffffff" "##,
            r##"stroke-width="1.5"/>"##
        ),
        x, y, colour
    );
    let (at, anchor) = match side {
        Side::Right => ((x + 9.0, y + 4.0), "start"),
        Side::BelowLeft => ((x - 7.0, y + 16.0), "end"),
    };
    let weight = if colour == OURS {
        r#" font-weight="600""#
    } else {
        ""
    };
    // A halo keeps a name readable where a line crosses it. Not every viewer can draw it together
    // with the name.
    let halo = format!(
        concat!(
            r##"font-size="12.5"{} fill="#ffffff" stroke="#ffffff" stroke-width="4" "##,
            r##"stroke-linejoin="round""##
        ),
        weight
    );
    text(svg, at, anchor, &halo, dot.name);
    text(
        svg,
        at,
        anchor,
        &format!(r#"font-size="12.5"{weight} fill="{colour}""#),
        dot.name,
    );
}

fn rule(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        svg,
        r##"<line x1="{:.1}" y1="{:.1}" x2="{:.1}" y2="{:.1}" stroke="#e2e8f0"/>"##,
        from.0, from.1, to.0, to.1
    );
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, style: &str, text: &str) {
    let _ = writeln!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="{anchor}" {style}>{text}</text>"#,
        at.0, at.1
    );
}

//! The matrix of a job: lists whose combinations make a job each, without those that `exclude` names and with those of
//! `include`.

use super::reader::Reader;
use super::tree::{Data, Key, Mistake, Node};
use crate::farm::BatchSubmission;
use crate::refused::unknown;
use std::collections::BTreeMap;

/// What a job of a file may have besides the fields of a job.
pub(super) const MATRIX: &str = "matrix";

impl Reader<'_> {
    /// The combinations of a job's matrix; one empty one for a job that has none.
    pub(super) fn combinations(
        &mut self,
        job: &Node,
        variables: &BTreeMap<String, Node>,
    ) -> Vec<Vec<(String, Node)>> {
        let Some(matrix) = job.get(MATRIX) else { return vec![Vec::new()] };
        let matrix = self.fill(matrix, variables, BTreeMap::new());
        if matrix.data == Data::Broken {
            return Vec::new();
        }
        let Data::Map(fields) = &matrix.data else {
            let message = format!("a matrix is a table of lists, and this is {}", matrix.kind());
            self.mistakes.push(Mistake::at(matrix.place, message));
            return Vec::new();
        };
        let told = self.mistakes.len();
        let mut axes: Vec<(&Key, &[Node])> = Vec::new();
        for (key, node) in
            fields.iter().filter(|(key, _)| !matches!(key.name.as_str(), "exclude" | "include"))
        {
            match &node.data {
                Data::List(items) if !items.is_empty() => axes.push((key, items)),
                Data::Broken => {}
                Data::List(_) => {
                    self.mistakes.push(Mistake::at(node.place, format!("`{}` has no values", key.name)));
                }
                _ => {
                    let message = format!("`{}` is a list of values, and this is {}", key.name, node.kind());
                    self.mistakes.push(Mistake::at(node.place, message));
                }
            }
        }
        let count = axes.iter().fold(1_usize, |count, (_, items)| count.saturating_mul(items.len()));
        if count > BatchSubmission::MOST {
            let message = format!("this matrix makes {count} jobs; {} is the most", BatchSubmission::MOST);
            self.mistakes.push(Mistake::at(matrix.place, message));
            return Vec::new();
        }
        let names: Vec<&str> = axes.iter().map(|(key, _)| key.name.as_str()).collect();
        let excluded = self.rows(matrix.get("exclude"), &names, false);
        let included = self.rows(matrix.get("include"), &names, true);
        let mut made: Vec<Vec<(String, Node)>> = if axes.is_empty() { Vec::new() } else { vec![Vec::new()] };
        for (key, items) in &axes {
            let mut longer = Vec::with_capacity(made.len() * items.len());
            for combination in &made {
                for item in *items {
                    let mut next = combination.clone();
                    next.push((key.name.clone(), item.clone()));
                    longer.push(next);
                }
            }
            made = longer;
        }
        let says = |combination: &[(String, Node)], row: &[(String, Node)]| {
            row.iter().all(|(name, value)| {
                combination.iter().any(|(own, is)| own == name && is.to_json() == value.to_json())
            })
        };
        made.retain(|combination| !excluded.iter().any(|row| says(combination, row)));
        made.extend(included);
        if made.is_empty() && self.mistakes.len() == told {
            self.mistakes.push(Mistake::at(matrix.place, "this matrix makes no jobs"));
        }
        made
    }

    /// Rows of `exclude` or `include`.
    fn rows(&mut self, node: Option<&Node>, names: &[&str], whole: bool) -> Vec<Vec<(String, Node)>> {
        let Some(node) = node else { return Vec::new() };
        let Data::List(items) = &node.data else {
            let message = format!("expected a list of tables, and this is {}", node.kind());
            self.mistakes.push(Mistake::at(node.place, message));
            return Vec::new();
        };
        let mut rows = Vec::new();
        for item in items {
            let Data::Map(fields) = &item.data else {
                let message = format!("expected a table of names and values, and this is {}", item.kind());
                self.mistakes.push(Mistake::at(item.place, message));
                continue;
            };
            for (key, _) in
                fields.iter().filter(|(key, _)| !names.is_empty() && !names.contains(&key.name.as_str()))
            {
                self.mistakes.push(Mistake::at(key.place, unknown("name", &key.name, names)));
            }
            if let Some(missing) = names.iter().find(|name| whole && item.get(name).is_none()) {
                self.mistakes.push(Mistake::at(item.place, format!("`{missing}` is needed and missing")));
            }
            rows.push(fields.iter().map(|(key, node)| (key.name.clone(), node.clone())).collect());
        }
        rows
    }
}

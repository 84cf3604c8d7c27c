//! Which module a path leads to: a re-export counts as what it stands for.

use std::collections::BTreeSet;

use super::source::{Crate, Module, ModulePath, Path};

/// The modules of `of` whose things the path `path` in the module `from` names.
pub(super) fn targets(of: &Crate, from: &[String], path: &[String]) -> BTreeSet<ModulePath> {
    let mut search = Search { of, seen: BTreeSet::new(), found: BTreeSet::new() };
    search.follow(from, path);
    search.found
}

struct Search<'a> {
    of: &'a Crate,
    /// What was looked up already: imports may go round.
    seen: BTreeSet<(ModulePath, Path)>,
    found: BTreeSet<ModulePath>,
}

impl Search<'_> {
    fn follow(&mut self, from: &[String], path: &[String]) {
        match path.split_first() {
            None => _ = self.found.insert(from.to_vec()),
            Some((first, rest)) => match first.as_str() {
                "crate" => self.enter(&[], rest),
                "self" => self.enter(from, rest),
                "super" if from.is_empty() => {}
                "super" if rest.first().is_some_and(|next| next == "super") => {
                    self.follow(&from[..from.len() - 1], rest);
                }
                "super" => self.enter(&from[..from.len() - 1], rest),
                _ => self.look_up(from, path),
            },
        }
    }

    /// Follows `path` inside `module`: a name that isn't imported must be declared there.
    fn enter(&mut self, module: &[String], path: &[String]) {
        if path.is_empty() || !self.look_up_known(module, path) {
            self.found.insert(module.to_vec());
        }
    }

    /// Follows `path` from `module`, where its first name may also be another crate's, or a type's.
    fn look_up(&mut self, module: &[String], path: &[String]) {
        if !self.look_up_known(module, path) && self.declares(module, &path[0]) {
            self.found.insert(module.to_vec());
        }
    }

    /// Follows `path` where `module` has a module of its first name, or imports it.
    fn look_up_known(&mut self, module: &[String], path: &[String]) -> bool {
        let Some((name, rest)) = path.split_first() else { return false };
        if !self.seen.insert((module.to_vec(), path.to_vec())) {
            return false;
        }
        let child: ModulePath = module.iter().chain([name]).cloned().collect();
        let is_child = self.of.modules.contains_key(&child);
        if is_child {
            self.enter(&child, rest);
        }
        let Some(Module { imports, glob_imports, .. }) = self.of.modules.get(module) else { return is_child };
        let mut is_known = is_child;
        // An exported macro is at the root of its crate, wherever it is declared.
        if let Some(declaring) = self.of.exported_macros.get(name).filter(|_| module.is_empty()) {
            self.found.insert(declaring.clone());
            is_known = true;
        }
        // What leads on beyond a module's name is in the module, and not in a function of the same name.
        let is_module = is_child && !rest.is_empty();
        for import in imports.get(name).into_iter().flatten().filter(|_| !is_module) {
            let whole: Path = import.iter().chain(rest).cloned().collect();
            if import[0] != *name {
                self.follow(module, &whole);
                is_known = true;
            } else if is_child {
                self.enter(&child, &whole[1..]);
            } else {
                // Another crate's, or a macro that is declared here and made a thing like others.
                is_known |= import.len() > 1;
            }
        }
        if is_known || self.declares(module, name) {
            return is_known;
        }
        for glob in glob_imports {
            let mut sources = Search { of: self.of, seen: self.seen.clone(), found: BTreeSet::new() };
            sources.follow(module, glob);
            for source in sources.found {
                let is_there = self.look_up_known(&source, path);
                if !is_there && self.declares(&source, name) {
                    self.found.insert(source);
                    return true;
                }
                is_known |= is_there;
            }
        }
        is_known
    }

    fn declares(&self, module: &[String], name: &str) -> bool {
        self.of.modules.get(module).is_some_and(|module| module.names.contains(name))
    }
}

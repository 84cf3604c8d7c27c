//! Reads a crate's sources: its modules, what each of them names, and what each of them imports.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The files of a workspace, by their paths from its folder.
pub(super) type Files = BTreeMap<String, String>;

/// A module's place in its crate: `plan::mapping` is `["plan", "mapping"]`.
pub(super) type ModulePath = Vec<String>;

/// The identifiers of a path; the first one is empty where the path starts with `::`.
pub(super) type Path = Vec<String>;

/// What declares a name.
const DECLARES: [&str; 9] = ["fn", "struct", "enum", "union", "const", "static", "trait", "type", "mod"];

#[derive(Default)]
pub(super) struct Module {
    pub(super) file: String,
    /// All paths in its code, `use` declarations included.
    pub(super) paths: BTreeSet<Path>,
    /// What a name that is imported stands for. Two functions may import two things under one name.
    pub(super) imports: BTreeMap<String, Vec<Path>>,
    pub(super) glob_imports: Vec<Path>,
    /// What it declares itself.
    pub(super) names: BTreeSet<String>,
    /// Every identifier in its code: with a glob import, any of them may come from there.
    identifiers: BTreeSet<String>,
}

/// The modules under one root file, without those that are for tests only.
#[derive(Default)]
pub(super) struct Crate {
    pub(super) modules: BTreeMap<ModulePath, Module>,
    /// Where each is declared.
    pub(super) exported_macros: BTreeMap<String, ModulePath>,
}

impl Crate {
    /// Reads the root file and all modules that it declares.
    pub(super) fn read(files: &Files, root: &str) -> Self {
        let mut read = Self::default();
        let mut waiting = vec![(ModulePath::new(), root.to_owned())];
        while let Some((path, file)) = waiting.pop() {
            let text = files.get(&file).unwrap_or_else(|| panic!("no file {file}"));
            let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
            let outside = read.read_module(path, &file, tokens);
            waiting.extend(outside.into_iter().map(|child| {
                let found = file_of(files, root, &child);
                (child, found)
            }));
        }
        read
    }

    /// Reads a module, and the modules inside its file; gives those that have files of their own.
    fn read_module(&mut self, path: ModulePath, file: &str, tokens: TokenStream) -> Vec<ModulePath> {
        let mut reader =
            Reader { module: Module { file: file.to_owned(), ..Module::default() }, ..Reader::default() };
        reader.read(tokens, true);
        let Reader { mut module, inside, outside, exported_macros } = reader;
        if !module.glob_imports.is_empty() {
            module.paths.extend(module.identifiers.iter().map(|name| vec![name.clone()]));
        }
        self.exported_macros.extend(exported_macros.into_iter().map(|name| (name, path.clone())));
        self.modules.insert(path.clone(), module);
        let child = |name: String| path.iter().cloned().chain([name]).collect::<ModulePath>();
        let mut files_to_read: Vec<_> = outside.into_iter().map(child).collect();
        for (name, tokens) in inside {
            files_to_read.extend(self.read_module(child(name), file, tokens));
        }
        files_to_read
    }
}

/// The file of a module that its parent declares by `mod name;`.
fn file_of(files: &Files, root: &str, module: &[String]) -> String {
    let (folder, _) = root.rsplit_once('/').unwrap();
    let place = format!("{folder}/{}", module.join("/"));
    let possible = [format!("{place}.rs"), format!("{place}/mod.rs")];
    possible.iter().find(|file| files.contains_key(*file)).unwrap_or(&possible[0]).clone()
}

#[derive(Default)]
struct Reader {
    module: Module,
    inside: Vec<(String, TokenStream)>,
    outside: Vec<String>,
    exported_macros: Vec<String>,
}

impl Reader {
    /// `declares` is false inside bodies, whose items are nobody else's.
    fn read(&mut self, tokens: TokenStream, declares: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Group(_) if is_test_attribute(&tokens, at) => after_item(&tokens, at + 1),
                TokenTree::Group(group) => {
                    // What a macro is given at the top level are mostly items.
                    self.read(group.stream(), declares && at > 0 && is_punct(&tokens, at - 1, '!'));
                    at + 1
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(&tokens, at + 1, '<') => {
                    self.read_use(&tokens, at + 1, &Path::new())
                }
                TokenTree::Ident(word) => self.read_word(&tokens, at, &word.to_string(), declares),
                _ => at + 1,
            };
        }
    }

    /// Reads what starts with an identifier, and gives what follows it.
    fn read_word(&mut self, tokens: &[TokenTree], at: usize, word: &str, declares: bool) -> usize {
        let follows = |char| at > 0 && is_punct(tokens, at - 1, char);
        if follows('\'') {
            return at + 1;
        }
        if word == "macro_rules"
            && let Some(TokenTree::Ident(name)) = tokens.get(at + 2)
        {
            self.module.names.insert(name.to_string());
            if tokens[..at].iter().rev().take(2).any(|token| token.to_string().contains("macro_export")) {
                self.exported_macros.push(name.to_string());
            }
            return at + 3;
        }
        if DECLARES.contains(&word)
            && let Some(TokenTree::Ident(name)) = tokens.get(at + 1)
        {
            if declares {
                self.module.names.insert(name.to_string());
            }
            match tokens.get(at + 2) {
                Some(TokenTree::Group(body)) if word == "mod" => {
                    self.inside.push((name.to_string(), body.stream()));
                    return at + 3;
                }
                Some(_) if word == "mod" => self.outside.push(name.to_string()),
                _ => {}
            }
            return at + if word == "const" { 1 } else { 2 };
        }
        let (path, end) = path_at(tokens, at);
        self.module.identifiers.insert(word.to_owned());
        // After a dot, it is a field or a method.
        if path.len() > 1 && !follows('.') {
            self.module.paths.insert(path);
        }
        end
    }

    /// Reads a tree of imports, whose paths start with `prefix`, up to the `,` or `;` after it.
    fn read_use(&mut self, tokens: &[TokenTree], start: usize, prefix: &[String]) -> usize {
        let (path, mut at) = path_at(tokens, start);
        let mut path: Path = prefix.iter().cloned().chain(path).collect();
        if is_punct(tokens, at, ':') {
            at += 2;
        }
        match tokens.get(at) {
            Some(TokenTree::Group(group)) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let mut next = 0;
                while next < inner.len() {
                    next = self.read_use(&inner, next, &path);
                }
                return at + 2;
            }
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => {
                self.module.glob_imports.push(path.clone());
                self.module.paths.insert(path);
                return at + 2;
            }
            _ => {}
        }
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let mut name = path.last().unwrap().clone();
        if let (Some(TokenTree::Ident(word)), Some(renamed)) = (tokens.get(at), tokens.get(at + 1))
            && word == "as"
        {
            name = renamed.to_string();
            at += 2;
        }
        self.module.imports.entry(name).or_default().push(path.clone());
        self.module.paths.insert(path);
        at + 1
    }
}

/// The path that starts at `at`, and what follows it.
fn path_at(tokens: &[TokenTree], mut at: usize) -> (Path, usize) {
    let mut path = Path::new();
    let is_colons = |at: usize| is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':');
    if is_colons(at) {
        path.push(String::new());
        at += 2;
    } else if at >= 2 && is_colons(at - 2) {
        path.push(String::new());
    }
    while let Some(TokenTree::Ident(name)) = tokens.get(at) {
        path.push(name.to_string());
        at += 1;
        if !(is_colons(at) && matches!(tokens.get(at + 2), Some(TokenTree::Ident(_)))) {
            break;
        }
        at += 2;
    }
    (path, at)
}

fn is_punct(tokens: &[TokenTree], at: usize, char: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

fn is_test_attribute(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && is_punct(tokens, at - 1, '#') && tokens[at].to_string().replace(' ', "") == "[cfg(test)]"
}

/// What follows the item that stands at `at`.
fn after_item(tokens: &[TokenTree], at: usize) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        _ => false,
    };
    tokens.iter().skip(at).position(is_end).map_or(tokens.len(), |end| at + end + 1)
}

//! Legal, distinct Verilog names.

use std::collections::{BTreeMap, BTreeSet};

/// Words that Verilog-2005 and SystemVerilog reserve (tools read `.v` files with either), plus the
/// few names every emitted file uses.
const RESERVED: &str = "accept_on alias always always_comb always_ff always_latch and assert assign assume \
    automatic before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez cell chandle \
    checker class clocking cmos config const constraint context continue cover covergroup coverpoint cross \
    deassign default defparam design disable dist do edge else end endcase endchecker endclass endclocking \
    endconfig endfunction endgenerate endgroup endinterface endmodule endpackage endprimitive endprogram \
    endproperty endsequence endspecify endtable endtask enum event eventually expect export extends extern \
    final first_match for force foreach forever fork forkjoin function generate genvar global highz0 highz1 \
    if iff ifnone ignore_bins illegal_bins implements implies import incdir include initial inout input \
    inside instance int integer interconnect interface intersect join join_any join_none large let liblist \
    library local localparam logic longint macromodule matches medium modport module nand negedge nettype \
    new nexttime nmos nor noshowcancelled not notif0 notif1 null or output package packed parameter pmos \
    posedge primitive priority program property protected pull0 pull1 pulldown pullup pulsestyle_ondetect \
    pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg reject_on release \
    repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always s_eventually s_nexttime s_until \
    s_until_with scalared sequence shortint shortreal showcancelled signed small soft solve specify \
    specparam static string strong strong0 strong1 struct super supply0 supply1 sync_accept_on \
    sync_reject_on table tagged task this throughout time timeprecision timeunit tran tranif0 tranif1 tri \
    tri0 tri1 triand trior trireg type typedef union unique unique0 unsigned until until_with untyped use \
    uwire var vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with within \
    wor xnor xor";

/// True for words that cannot name anything.
pub(super) fn is_reserved(name: &str) -> bool {
    RESERVED.split_ascii_whitespace().any(|word| word == name)
}

/// The nearest word made of letters, digits and underscores that does not begin with a digit.
pub(super) fn legal(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let mut legal: String = name.chars().map(plain).collect();
    if legal.starts_with(|c: char| c.is_ascii_digit()) || legal.is_empty() {
        legal.insert(0, '_');
    }
    legal
}

/// The names of one scope: from paths with `$` to legal names, no two alike.
#[derive(Default)]
pub(super) struct Names {
    taken: BTreeSet<String>,
    by_path: BTreeMap<String, String>,
}

impl Names {
    /// A legal name as near to `wanted` as can be, kept for `path`.
    pub(super) fn claim(&mut self, path: &str, wanted: &str) -> String {
        let plain = legal(wanted);
        let name = (0..)
            .map(|attempt| match attempt {
                0 => plain.clone(),
                1 => format!("{plain}_"),
                n => format!("{plain}_{n}"),
            })
            .find(|name| !is_reserved(name) && !self.taken.contains(name))
            .unwrap_or_default();
        self.taken.insert(name.clone());
        self.by_path.insert(path.to_string(), name.clone());
        name
    }

    /// The name kept for `path`.
    pub(super) fn get(&self, path: &str) -> Option<&str> {
        self.by_path.get(path).map(String::as_str)
    }

    /// `text` with every path replaced by its name; numbers, keywords and `$functions` stay.
    pub(super) fn rename(&self, text: &str) -> String {
        tokens(text)
            .map(|token| self.get(token).unwrap_or(token))
            .collect()
    }
}

/// Cuts Verilog into words and what lies between; based literals (`4'sb1010`) stay whole.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let length = match first {
            '0'..='9' => run(rest, |c| c.is_ascii_alphanumeric() || c == '\'' || c == '_'),
            c if in_word(c) => run(rest, in_word),
            c => c.len_utf8(),
        };
        let (token, tail) = rest.split_at(length);
        rest = tail;
        Some(token)
    })
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_and_clashes_get_other_names() {
        let mut names = Names::default();
        assert_eq!(names.claim("a$b", "a$b"), "a_b");
        assert_eq!(names.claim("a_b", "a_b"), "a_b_");
        assert_eq!(names.claim("x$a_b", "a_b"), "a_b_2");
        assert_eq!(names.claim("output", "output"), "output_");
        assert_eq!(names.claim("3d", "3d"), "_3d");
        assert_eq!(
            names.rename("a$b + a_b - 4'sb0101 + $signed(output)"),
            "a_b + a_b_ - 4'sb0101 + $signed(output_)"
        );
    }
}

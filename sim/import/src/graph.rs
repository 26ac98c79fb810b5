//! A network while it is rewritten: nodes by number, in no order, each knowing what it reads.

use cromulent_network::{Convolution, infer};
use std::collections::BTreeMap;

use cromulent_network::{Input, Network, Op, Problem, Problems, Shape, Step, Tensor};

/// A node: a name, what it computes, and the nodes it reads.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Its name, which no other node has.
    pub name: String,
    /// What it computes.
    pub kind: Kind,
    /// What it reads, by number.
    pub inputs: Vec<usize>,
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// An operation of a network file.
    Op(Op),
    /// Every n-th position, with channels of zeros around: a shortcut without parameters.
    View(View),
}

/// Every n-th row and column of a map, and channels of zeros before and behind its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct View {
    /// Every so many rows.
    pub rows: usize,
    /// Every so many columns.
    pub columns: usize,
    /// Channels of zeros before the map's.
    pub before: usize,
    /// Channels of zeros behind the map's.
    pub behind: usize,
}

impl View {
    /// The map as it is.
    pub const WHOLE: View = View {
        rows: 1,
        columns: 1,
        before: 0,
        behind: 0,
    };

    /// The shape of a view of a map.
    pub fn shape(&self, map: Shape) -> Shape {
        Shape {
            channels: self.before + map.channels + self.behind,
            height: map.height.div_ceil(self.rows),
            width: map.width.div_ceil(self.columns),
        }
    }

    /// A view of this view.
    pub fn then(&self, next: View) -> View {
        View {
            rows: self.rows * next.rows,
            columns: self.columns * next.columns,
            before: self.before + next.before,
            behind: self.behind + next.behind,
        }
    }

    /// A convolution of ones and zeros that gives the same, of a map of so many channels; `None` for steps that differ.
    pub fn convolution(&self, channels: usize) -> Option<Convolution> {
        let outputs = self.before + channels + self.behind;
        let one = |place: usize| {
            let (output, input) = (place / channels, place % channels);
            f32::from(u8::from(output == input + self.before))
        };
        (self.rows == self.columns).then(|| Convolution {
            weight: Tensor {
                shape: vec![outputs, channels, 1, 1],
                values: (0..outputs * channels).map(one).collect(),
            },
            bias: vec![],
            stride: self.rows,
            padding: 0,
        })
    }
}

/// Nodes, the image being number 0, and the one that is the output.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The network's name.
    pub name: String,
    /// The images it takes.
    pub input: Input,
    /// All nodes, also those that nothing needs any more.
    pub nodes: Vec<Node>,
    /// The number of the output.
    pub output: usize,
    /// The names of all nodes, and the number to put behind one that is wanted again.
    names: BTreeMap<String, usize>,
}

impl Graph {
    /// A graph of the image alone.
    pub fn new(name: &str, input: Input) -> Graph {
        let image = Node {
            name: "image".into(),
            kind: Kind::Op(Op::Image),
            inputs: vec![],
        };
        Graph {
            name: name.into(),
            input,
            nodes: vec![image],
            output: 0,
            names: BTreeMap::from([("image".to_owned(), 1)]),
        }
    }

    /// Adds a node; its number. A name that is taken gets a number behind it.
    pub fn add(&mut self, name: &str, kind: Kind, inputs: Vec<usize>) -> usize {
        let name = self.free(name);
        self.names.insert(name.clone(), 1);
        self.nodes.push(Node { name, kind, inputs });
        self.nodes.len() - 1
    }

    /// Adds an operation; its number.
    pub fn push(&mut self, name: &str, op: Op, inputs: Vec<usize>) -> usize {
        self.add(name, Kind::Op(op), inputs)
    }

    /// A name like this one that no node has.
    fn free(&mut self, name: &str) -> String {
        let Some(next) = self.names.get_mut(name) else {
            return name.to_owned();
        };
        let numbered = format!("{name}_{next}");
        *next += 1;
        match self.names.contains_key(&numbered) {
            true => self.free(name),
            false => numbered,
        }
    }

    /// What a node computes, if it is an operation.
    pub fn op(&self, node: usize) -> Option<&Op> {
        match &self.nodes[node].kind {
            Kind::Op(op) => Some(op),
            Kind::View(_) => None,
        }
    }

    /// The same, to change.
    pub fn op_mut(&mut self, node: usize) -> Option<&mut Op> {
        match &mut self.nodes[node].kind {
            Kind::Op(op) => Some(op),
            Kind::View(_) => None,
        }
    }

    /// A node's name.
    pub fn name(&self, node: usize) -> &str {
        &self.nodes[node].name
    }

    /// The nodes that the output needs, each after those it reads.
    pub fn order(&self) -> Vec<usize> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.nodes.len()];
        seen[0] = true;
        order.push(0);
        // Depth first, without recursion: a chain may be long.
        let mut stack = vec![(self.output, 0)];
        while let Some((node, next)) = stack.pop() {
            if next == 0 {
                if seen[node] {
                    continue;
                }
                seen[node] = true;
            }
            match self.nodes[node].inputs.get(next) {
                Some(&input) => {
                    stack.push((node, next + 1));
                    stack.push((input, 0));
                }
                None => order.push(node),
            }
        }
        order
    }

    /// By node: the nodes of the network that read it, each once.
    pub fn readers(&self) -> Vec<Vec<usize>> {
        let mut readers = vec![vec![]; self.nodes.len()];
        for node in self.order() {
            for &input in &self.nodes[node].inputs {
                if readers[input].last() != Some(&node) {
                    readers[input].push(node);
                }
            }
        }
        readers
    }

    /// By node: its shape, where the network needs it.
    ///
    /// # Errors
    /// The first node whose inputs do not fit it.
    pub fn shapes(&self) -> Result<Vec<Shape>, Problem> {
        let nothing = Shape {
            channels: 0,
            height: 0,
            width: 0,
        };
        let mut shapes = vec![nothing; self.nodes.len()];
        shapes[0] = self.input.shape();
        for node in self.order().into_iter().skip(1) {
            shapes[node] = self.shape_of(node, &shapes)?;
        }
        Ok(shapes)
    }

    /// The shape of one node, from those of all it reads.
    ///
    /// # Errors
    /// Inputs that do not fit it.
    pub fn shape_of(&self, node: usize, shapes: &[Shape]) -> Result<Shape, Problem> {
        let Node { name, kind, inputs } = &self.nodes[node];
        let inputs: Vec<Shape> = inputs.iter().map(|&input| shapes[input]).collect();
        match (kind, inputs.first()) {
            (Kind::View(view), Some(&map)) => Ok(view.shape(map)),
            (Kind::Op(op), Some(_)) => infer(op, &inputs)
                .map_err(|(what, fix)| Problem::new(format!("node `{name}`"), what, fix)),
            (_, None) => Ok(self.input.shape()),
        }
    }

    /// Lets all that read `old` read `new` instead, except `new` itself.
    pub fn redirect(&mut self, old: usize, new: usize) {
        self.redirect_some(old, new, |_| true);
    }

    /// Lets those that read `old` read `new` instead, if they are `chosen`; never `new` itself.
    pub fn redirect_some(&mut self, old: usize, new: usize, chosen: impl Fn(usize) -> bool) {
        for (number, node) in self.nodes.iter_mut().enumerate() {
            if number != new && chosen(number) {
                let reads = node.inputs.iter_mut().filter(|input| **input == old);
                reads.for_each(|input| *input = new);
            }
        }
        if self.output == old && chosen(usize::MAX) {
            self.output = new;
        }
    }

    /// The network; views are convolutions of ones and zeros.
    ///
    /// # Errors
    /// Nodes that do not fit each other.
    pub fn network(&self) -> Result<Network, Problems> {
        let order = self.order();
        let mut places = vec![0; self.nodes.len()];
        for (place, &node) in order.iter().enumerate() {
            places[node] = place;
        }
        let shapes = self.shapes()?;
        let step = |&node: &usize| -> Result<Step, Problem> {
            let Node { name, kind, inputs } = &self.nodes[node];
            let op = match kind {
                Kind::Op(op) => op.clone(),
                Kind::View(view) => {
                    let channels = shapes[inputs[0]].channels;
                    let convolution = view.convolution(channels).ok_or_else(|| {
                        let what = format!(
                            "takes every {} rows and every {} columns",
                            view.rows, view.columns
                        );
                        Problem::new(format!("node `{name}`"), what, "take as many of both")
                    })?;
                    Op::Convolution(convolution)
                }
            };
            let inputs = inputs.iter().map(|&input| places[input]).collect();
            Ok((name.clone(), op, inputs))
        };
        let steps: Result<Vec<Step>, Problem> = order.iter().skip(1).map(step).collect();
        Network::new(&self.name, self.input.clone(), steps?)
    }
}

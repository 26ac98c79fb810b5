//! A small right network on disk, for tests to make wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cromulent_network::{Network, Problems};

/// A description of five nodes on a 6 × 6 grey image.
pub const TOML: &str = r#"name = "small"
weights = "small.safetensors"
input = { channels = 1, height = 6, width = 6, mean = [0.5], std = [0.25] }
nodes = [
  { name = "conv", op = "convolution", padding = 1 },
  { name = "bn", op = "batch-norm" },
  { name = "relu", op = "relu" },
  { name = "pool", op = "global-average-pool" },
  { name = "fc", op = "linear" },
]
"#;

/// Tensors by name: shape and values.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The tensors of [`TOML`]: small numbers, variance 1.
pub fn tensors() -> Tensors {
    let shapes: [(&str, &[usize]); 7] = [
        ("conv.weight", &[2, 1, 3, 3]),
        ("bn.weight", &[2]),
        ("bn.bias", &[2]),
        ("bn.running_mean", &[2]),
        ("bn.running_var", &[2]),
        ("fc.weight", &[3, 2]),
        ("fc.bias", &[3]),
    ];
    let mut tensors = Tensors::new();
    for (name, shape) in shapes {
        let count: usize = shape.iter().product();
        let value = |i: usize| {
            if name.ends_with("var") {
                1.0
            } else {
                0.125 * i as f32 - 0.25
            }
        };
        tensors.insert(
            name.into(),
            (shape.to_vec(), (0..count).map(value).collect()),
        );
    }
    tensors
}

/// The bytes of a safetensors file.
pub fn safetensors(tensors: &Tensors) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut data = Vec::new();
    for (name, (shape, values)) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let end = data.len();
        entries.push(format!(
            r#""{name}":{{"dtype":"F32","shape":{shape:?},"data_offsets":[{start},{end}]}}"#
        ));
    }
    with_header(&format!("{{{}}}", entries.join(",")), &data)
}

/// A safetensors file of this header and these values.
pub fn with_header(header: &str, data: &[u8]) -> Vec<u8> {
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

/// A folder of its own for one test, removed when the test is over.
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder; `test` must be unique.
    pub fn new(test: &str) -> Folder {
        let name = format!("cromulent-network-{test}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder is writable");
        Folder(path)
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("the temporary folder is writable");
        path
    }

    /// Writes a description and weights and loads them.
    pub fn load(&self, toml: &str, weights: &[u8]) -> Result<Network, Problems> {
        self.write("small.safetensors", weights);
        Network::load(&self.write("small.toml", toml))
    }

    /// A message with the folder's own path taken out.
    #[allow(dead_code, reason = "not every test of a folder looks at its problems")]
    pub fn relative(&self, problems: &Problems) -> String {
        let folder = format!("{}{}", self.0.display(), std::path::MAIN_SEPARATOR);
        problems.to_string().replace(&folder, "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(Path::new(&self.0));
    }
}

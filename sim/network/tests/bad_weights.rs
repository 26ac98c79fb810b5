//! Every wrong weights file is refused with its tensor, what is wrong and what would be right.

mod common;

use common::{Folder, TOML, Tensors, safetensors, tensors, with_header};

/// The messages for the small network with its tensors changed.
fn changed(test: &str, change: impl FnOnce(&mut Tensors)) -> String {
    let mut tensors = tensors();
    change(&mut tensors);
    refused(test, &safetensors(&tensors))
}

/// The messages for the small network with these bytes as its weights.
fn refused(test: &str, weights: &[u8]) -> String {
    let folder = Folder::new(test);
    match folder.load(TOML, weights) {
        Ok(_) => panic!("accepted"),
        Err(problems) => folder.relative(&problems),
    }
}

fn set(tensors: &mut Tensors, name: &str, i: usize, value: f32) {
    tensors.get_mut(name).expect("the tensor is there").1[i] = value;
}

#[test]
fn missing_tensors() {
    let message = changed("tensor", |tensors| {
        tensors.remove("bn.running_var");
        tensors.remove("fc.weight");
        tensors.remove("fc.bias");
    });
    assert_eq!(
        message,
        "small.safetensors: tensor `bn.running_var` is missing; \
         the file has bn.bias, bn.running_mean, bn.weight\n\
         small.safetensors: tensor `fc.weight` is missing; \
         set the node's `tensor`; the file's 4 tensors begin \
         bn.bias, bn.running_mean, bn.weight, conv.weight"
            .replace("` is missing", "`: is missing")
    );
}

#[test]
fn wrong_shapes() {
    let message = changed("shape", |tensors| {
        tensors.insert("conv.weight".into(), (vec![2, 3, 3, 3], vec![0.0; 54]));
    });
    assert_eq!(
        message,
        "small.safetensors: tensor `conv.weight`: has shape [2, 3, 3, 3]; \
         its shape must be [any, 1, any, any]"
    );
    let message = changed("rank", |tensors| {
        tensors.insert("bn.bias".into(), (vec![1, 2], vec![0.0; 2]));
    });
    assert_eq!(
        message,
        "small.safetensors: tensor `bn.bias`: has shape [1, 2]; its shape must be [2]"
    );
    let message = changed("linear", |tensors| {
        tensors.insert("fc.bias".into(), (vec![4], vec![0.0; 4]));
    });
    assert_eq!(
        message,
        "small.safetensors: tensor `fc.bias`: has shape [4]; its shape must be [3]"
    );
    let message = changed("empty", |tensors| {
        tensors.insert("conv.weight".into(), (vec![0, 1, 3, 3], vec![]));
    });
    assert_eq!(
        message,
        "small.safetensors: tensor `conv.weight`: has 0 values; give 1 to 268435456"
    );
}

#[test]
fn values_that_are_not_numbers() {
    let message = changed("nan", |tensors| {
        set(tensors, "conv.weight", 7, f32::NAN);
        set(tensors, "fc.bias", 0, f32::NEG_INFINITY);
        set(tensors, "fc.bias", 2, f32::INFINITY);
    });
    assert_eq!(
        message,
        "small.safetensors: tensor `conv.weight`: value 7 is NaN (1 of 18 not finite); \
         every value must be a finite number\n\
         small.safetensors: tensor `fc.bias`: value 0 is -inf (2 of 3 not finite); \
         every value must be a finite number"
    );
}

#[test]
fn variances_not_above_zero() {
    for (test, variance) in [("var-0", "0"), ("var-neg", "-0.5")] {
        let value: f32 = variance.parse().expect("a number");
        let message = changed(test, |tensors| set(tensors, "bn.running_var", 1, value));
        assert_eq!(
            message,
            format!(
                "small.safetensors: tensor `bn.running_var`: the variance of channel 1 is \
                 {variance}; every variance must be above 0; \
                 take a dead channel out of the network"
            )
        );
    }
}

#[test]
fn wrong_dtype() {
    let bytes = safetensors(&tensors());
    let start = bytes
        .windows(3)
        .position(|window| window == b"F32")
        .expect("a dtype");
    let mut changed = bytes.clone();
    changed[start..start + 3].copy_from_slice(b"I32");
    assert_eq!(
        refused("dtype", &changed),
        "small.safetensors: tensor `bn.bias`: is of type I32; store it as F32"
    );
}

#[test]
fn truncated() {
    let bytes = safetensors(&tensors());
    assert_eq!(
        refused("cut", &bytes[..5]),
        "small.safetensors: is 5 bytes long, too short for a safetensors file; \
         give a whole safetensors file"
    );
    let message = refused("cut-header", &bytes[..100]);
    assert!(
        message.contains("bytes in a file of 100; give a whole safetensors file"),
        "{message}"
    );
    let message = refused("cut-values", &bytes[..bytes.len() - 1]);
    assert_eq!(
        message,
        "small.safetensors: tensor `fc.weight`: lies at bytes 116 to 140 of 139; \
         give a whole safetensors file: this one is truncated or wrong"
    );
    let mut longer = bytes.clone();
    longer.push(0);
    let message = refused("longer", &longer);
    assert!(message.contains("where its tensors end at"), "{message}");
}

#[test]
fn hostile_headers() {
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend(b"{}");
    assert_eq!(
        refused("huge", &huge),
        "small.safetensors: announces a header of 18446744073709551615 bytes in a file of 10; \
         give a whole safetensors file: this one is truncated or none"
    );
    let far = r#"{"conv.weight":{"dtype":"F32","shape":[2,1,3,3],"data_offsets":[0,99999999999]}}"#;
    let message = refused("far", &with_header(far, &[0; 8]));
    assert!(
        message.starts_with(
            "small.safetensors: tensor `conv.weight`: lies at bytes 0 to 99999999999 of 8"
        ),
        "{message}"
    );
    let product = format!(
        r#"{{"conv.weight":{{"dtype":"F32","shape":[{m},{m},{m},{m}],"data_offsets":[0,8]}}}}"#,
        m = u64::MAX
    );
    let message = refused("product", &with_header(&product, &[0; 8]));
    assert!(
        message.contains("and 8 bytes; four bytes per value of F32"),
        "{message}"
    );
    let back = r#"{"conv.weight":{"dtype":"F32","shape":[1],"data_offsets":[8,4]}}"#;
    let message = refused("back", &with_header(back, &[0; 8]));
    assert!(message.contains("lies at bytes 8 to 4 of 8"), "{message}");
    let deep = "[".repeat(100_000);
    let message = refused("deep", &with_header(&deep, &[]));
    assert!(
        message.contains("has a header that is not JSON (recursion limit"),
        "{message}"
    );
}

#[test]
fn malformed_headers() {
    let message = refused("list", &with_header("[]", &[]));
    assert_eq!(
        message,
        "small.safetensors: has a header that is no JSON object; give a safetensors file"
    );
    let message = refused(
        "entry",
        &with_header(r#"{"conv.weight":{"dtype":"F32"}}"#, &[]),
    );
    assert_eq!(
        message,
        "small.safetensors: tensor `conv.weight`: has a malformed entry in the header; \
         give `dtype`, `shape` and two `data_offsets`"
    );
}

#[test]
fn unreadable() {
    let folder = Folder::new("no-weights");
    let toml = TOML.replace("small.safetensors", "none.safetensors");
    let problems = folder.load(&toml, &[]).expect_err("there are no weights");
    let message = folder.relative(&problems);
    assert!(
        message.starts_with("none.safetensors: cannot be read ("),
        "{message}"
    );
    assert!(
        message.ends_with("; give a readable safetensors file as `weights`"),
        "{message}"
    );
    let folder = Folder::new("folder-as-weights");
    let toml = TOML.replace("small.safetensors", ".");
    let message = folder.relative(&folder.load(&toml, &[]).expect_err("a folder is no file"));
    assert!(
        message.contains("; give a readable safetensors file as `weights`"),
        "{message}"
    );
}

/// Whatever bytes change or are cut off, loading gives a network or problems, never a panic.
#[test]
fn no_damage_panics() {
    let folder = Folder::new("damage");
    let whole = safetensors(&tensors());
    let header = whole.len().min(600);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..300 {
        let mut weights = whole.clone();
        weights[random(header)] = random(256) as u8;
        weights.truncate(whole.len() - random(2) * random(whole.len()));
        let mut toml = TOML.as_bytes().to_vec();
        let place = random(toml.len());
        toml[place] = b"\"[]{}=,.-09az\n"[random(14)];
        let toml = String::from_utf8_lossy(&toml).into_owned();
        let _ = folder
            .load(&toml, &weights)
            .map_err(|problems| assert!(!problems.0.is_empty()));
    }
}

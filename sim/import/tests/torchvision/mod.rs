//! torchvision's names for the small networks of `data/make.py`.

/// The name of torchvision for one of `data/make.py`.
pub fn name(own: &str) -> String {
    let Some((first, rest)) = own.split_once('.') else {
        return own.to_owned();
    };
    match (first, rest.split_once('.')) {
        ("features" | "classifier", _) => own.to_owned(),
        ("block1" | "block2", Some((layer, rest))) => {
            let layer = layer.parse::<usize>().unwrap() + 1;
            let block = first.replace("block", "denseblock");
            format!("features.{block}.denselayer{layer}.{rest}")
        }
        ("norm" | "conv", _) => format!("features.transition1.{own}"),
        _ => format!("features.{own}"),
    }
}

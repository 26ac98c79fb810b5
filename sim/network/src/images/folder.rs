//! A folder of PNG and JPEG files: a subfolder a class, or all of them beside a file of labels.

use std::fs;
use std::path::{Path, PathBuf};

use image::{ColorType, DynamicImage, ImageReader, Limits};

use super::{Example, Image};
use crate::problem::{Problem, Problems};
use crate::shape::{MAX_SIZE, MAX_VALUES};

/// The endings of files that are images, in lower case.
const ENDINGS: [&str; 3] = ["png", "jpg", "jpeg"];

/// Classes a label can tell apart.
const CLASSES: usize = 256;

/// The channels, height and width that every image must have; `None`: those of the first.
pub type Wanted = Option<[usize; 3]>;

/// Reads the first `count` images of a folder, in the order of their paths.
///
/// With subfolders, each is a class, counted from 0 in the order of their names, and images are taken from all classes
/// in turn, so that the first few are of every class. Without, the class of each file stands in `labels`: a line for
/// each, the file's name, a comma, its class.
///
/// # Errors
/// A folder without images, files that are no images or not of one size, labels that do not go with them.
pub(super) fn read(
    folder: &Path,
    labels: Option<&Path>,
    wanted: Wanted,
    count: usize,
) -> Result<Vec<Example>, Problems> {
    let files = match labels {
        Some(labels) => labelled(folder, labels)?,
        None => by_class(folder)?,
    };
    let (mut examples, mut wanted): (Vec<Example>, _) = (vec![], wanted);
    let mut problems = Problems::default();
    for (file, label) in files.into_iter().take(count) {
        match decode(&file, wanted) {
            Ok(image) => {
                wanted = wanted.or(Some([image.channels, image.height, image.width]));
                examples.push(Example { image, label });
            }
            Err(problem) => problems.0.push(problem),
        }
    }
    problems.or(examples)
}

/// Images and their classes.
type Files = Vec<(PathBuf, Option<u8>)>;

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Problem {
    let what = format!("cannot be read ({error})");
    Problem::new(path.display().to_string(), what, "make it readable")
}

/// What a folder holds, by name. Hidden files are not looked at.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let entries = fs::read_dir(folder).map_err(|error| cannot(folder, &error))?;
    let mut paths = vec![];
    for entry in entries {
        let entry = entry.map_err(|error| cannot(folder, &error))?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_image(path: &Path) -> bool {
    let ending = path
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// The images of a folder; what else is in it is not looked at.
fn images(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let paths = entries(folder)?.into_iter();
    Ok(paths
        .filter(|path| path.is_file() && is_image(path))
        .collect())
}

/// The images of every class, one of each in turn.
fn by_class(folder: &Path) -> Result<Files, Problem> {
    let place = || folder.display().to_string();
    let classes: Vec<PathBuf> = entries(folder)?
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    let loose = images(folder)?;
    if classes.is_empty() {
        if loose.is_empty() {
            let fix = "give a folder of PNG or JPEG files, a subfolder for each class";
            return Err(Problem::new(place(), "holds no images", fix));
        }
        return Ok(loose.into_iter().map(|file| (file, None)).collect());
    }
    if let Some(file) = loose.first() {
        let what = "lies beside folders of classes, and so has no class";
        let fix = "put it into the folder of its class";
        return Err(Problem::new(file.display().to_string(), what, fix));
    }
    if classes.len() > CLASSES {
        let what = format!("holds {} classes", classes.len());
        return Err(Problem::new(
            place(),
            what,
            format!("{CLASSES} at most can be told apart"),
        ));
    }
    let mut files: Vec<(usize, usize, PathBuf)> = vec![];
    for (label, class) in classes.iter().enumerate() {
        let images = images(class)?.into_iter().enumerate();
        files.extend(images.map(|(turn, file)| (turn, label, file)));
    }
    if files.is_empty() {
        let fix = "put PNG or JPEG files into the folders of their classes";
        return Err(Problem::new(place(), "holds no images", fix));
    }
    files.sort();
    let files = files.into_iter();
    Ok(files
        .map(|(_, label, file)| (file, u8::try_from(label).ok()))
        .collect())
}

/// The images that a file of labels names, in its order.
fn labelled(folder: &Path, labels: &Path) -> Result<Files, Problems> {
    let text = fs::read_to_string(labels).map_err(|error| cannot(labels, &error))?;
    let mut problems = Problems::default();
    let mut files = vec![];
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let place = format!("{}:{}", labels.display(), number + 1);
        let fields = line.rsplit_once(',');
        let parsed =
            fields.and_then(|(name, class)| Some((name.trim(), class.trim().parse().ok()?)));
        let Some((name, class)) = parsed else {
            problems.add(
                place,
                "is no file and class",
                "write NAME,CLASS, the class a number from 0 to 255",
            );
            continue;
        };
        let file = folder.join(name);
        if !file.is_file() {
            problems.add(
                place,
                format!("names {name}, and there is no such file"),
                "name files of the folder",
            );
        }
        files.push((file, Some(class)));
    }
    if files.is_empty() && problems.0.is_empty() {
        problems.add(
            labels.display().to_string(),
            "names no images",
            "write a line for each: NAME,CLASS",
        );
    }
    problems.or(files)
}

/// One image, as 8-bit pixels.
fn decode(file: &Path, wanted: Wanted) -> Result<Image, Problem> {
    let place = file.display().to_string();
    let broken = |error: &dyn std::fmt::Display| {
        // Some end in a new line.
        let error = error.to_string();
        let what = format!("cannot be read as PNG or JPEG ({})", error.trim());
        Problem::new(&place, what, "give a whole file, or take it away")
    };
    let reader = ImageReader::open(file).map_err(|error| broken(&error))?;
    let mut reader = reader
        .with_guessed_format()
        .map_err(|error| broken(&error))?;
    // A few bytes may claim to be gigabytes.
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIZE as u32);
    limits.max_image_height = Some(MAX_SIZE as u32);
    limits.max_alloc = Some(MAX_VALUES as u64);
    reader.limits(limits);
    let image = reader.decode().map_err(|error| broken(&error))?;
    let (height, width) = (image.height() as usize, image.width() as usize);
    let own = if image.color().has_color() { 3 } else { 1 };
    let image_color = image.color();
    if !matches!(image_color, ColorType::L8 | ColorType::Rgb8) {
        let what = format!("has pixels of another kind ({image_color:?})");
        let fix = "save it as 8-bit grey or RGB, without transparency";
        return Err(Problem::new(place, what, fix));
    }
    let [channels, ..] = wanted.unwrap_or([own, height, width]);
    // Encoders store grey images of a colour set with one channel.
    let widened = channels == 3 && own == 1;
    let found = [if widened { 3 } else { own }, height, width];
    if wanted.is_some_and(|wanted| wanted != found) {
        let text =
            |[channels, height, width]: [usize; 3]| format!("{channels} × {height} × {width}");
        let what = format!("is {} (channels × height × width)", text(found));
        let fix = format!("images here are {}", text(wanted.unwrap_or(found)));
        return Err(Problem::new(place, what, fix));
    }
    let pixels = match image {
        DynamicImage::ImageLuma8(grey) if !widened => grey.into_raw(),
        other => other.into_rgb8().into_raw(),
    };
    Ok(Image {
        channels: found[0],
        height,
        width,
        pixels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn save(path: &Path, side: u32, shade: u8) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let pixel = |x: u32, y: u32| image::Rgb([shade, x as u8, y as u8]);
        image::RgbImage::from_fn(side, side, pixel)
            .save(path)
            .unwrap();
    }

    /// A folder of its own for a test, away when it is over.
    struct Home(PathBuf);

    impl Home {
        fn new(name: &str) -> Home {
            let path =
                std::env::temp_dir().join(format!("cromulent-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Home(path)
        }
    }

    impl Drop for Home {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_subfolder_is_a_class_and_classes_come_in_turn() {
        let home = Home::new("classes");
        save(&home.0.join("dog/1.png"), 4, 10);
        save(&home.0.join("cat/2.png"), 4, 20);
        save(&home.0.join("cat/1.png"), 4, 30);
        let examples = read(&home.0, None, None, 9).unwrap();
        let found: Vec<_> = examples
            .iter()
            .map(|e| (e.label, e.image.pixels[0]))
            .collect();
        assert_eq!(found, [(Some(0), 30), (Some(1), 10), (Some(0), 20)]);
        // Row by row, channel fastest.
        assert_eq!(examples[0].image.pixels[3..6], [30, 1, 0]);
        assert_eq!(read(&home.0, None, None, 1).unwrap().len(), 1);
    }

    #[test]
    fn labels_name_files() {
        let home = Home::new("labels");
        save(&home.0.join("b.png"), 4, 1);
        save(&home.0.join("a.png"), 4, 2);
        let labels = home.0.join("labels.csv");
        fs::write(&labels, "b.png,7\n\na.png, 3\n").unwrap();
        let examples = read(&home.0, Some(&labels), None, 9).unwrap();
        let found: Vec<_> = examples
            .iter()
            .map(|e| (e.label, e.image.pixels[0]))
            .collect();
        assert_eq!(found, [(Some(7), 1), (Some(3), 2)]);
        fs::write(&labels, "c.png,1\nb.png\nb.png,256\n").unwrap();
        let text = read(&home.0, Some(&labels), None, 9)
            .unwrap_err()
            .to_string();
        for part in [
            "labels.csv:1: names c.png",
            "labels.csv:2: is no file",
            "labels.csv:3",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn what_is_no_image_or_of_another_size_is_named() {
        let home = Home::new("broken");
        save(&home.0.join("a/1.png"), 4, 1);
        save(&home.0.join("a/2.png"), 5, 1);
        fs::write(home.0.join("a/3.jpg"), b"\xff\xd8\xff\xe0 no more").unwrap();
        image::RgbaImage::new(4, 4)
            .save(home.0.join("a/4.png"))
            .unwrap();
        let whole = fs::read(home.0.join("a/1.png")).unwrap();
        fs::write(home.0.join("a/5.png"), &whole[..whole.len() / 2]).unwrap();
        let problems = read(&home.0, None, None, 9).unwrap_err();
        let text = problems.to_string();
        for (name, what) in [
            ("2.png", "is 3 × 5 × 5"),
            ("3.jpg", "cannot be read as PNG or JPEG"),
            ("4.png", "has pixels of another kind (Rgba8)"),
            ("5.png", "cannot be read as PNG or JPEG"),
        ] {
            assert!(text.contains(&format!("{name}: {what}")), "{text}");
        }
        let wanted = read(&home.0, None, Some([1, 4, 4]), 1)
            .unwrap_err()
            .to_string();
        assert!(wanted.contains("images here are 1 × 4 × 4"), "{wanted}");
        fs::write(home.0.join("notes.txt"), "no image").unwrap();
        save(&home.0.join("loose.png"), 4, 1);
        assert!(
            read(&home.0, None, None, 9)
                .unwrap_err()
                .to_string()
                .contains("beside folders")
        );
    }

    #[test]
    fn a_folder_without_images_is_refused() {
        let home = Home::new("empty");
        assert!(
            read(&home.0, None, None, 9)
                .unwrap_err()
                .to_string()
                .contains("holds no images")
        );
        fs::create_dir(home.0.join("cat")).unwrap();
        assert!(
            read(&home.0, None, None, 9)
                .unwrap_err()
                .to_string()
                .contains("holds no images")
        );
    }
}

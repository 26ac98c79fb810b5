//! How pixels enter a network: (pixel/255 − mean)/std.

use std::str::FromStr;

/// A mean and a standard deviation for each channel, as fractions of 255.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalisation {
    /// One per channel.
    pub mean: Vec<f64>,
    /// One per channel.
    pub std: Vec<f64>,
}

impl Normalisation {
    /// ImageNet's, as networks of colour images are mostly trained with.
    pub fn imagenet() -> Normalisation {
        Normalisation {
            mean: vec![0.485, 0.456, 0.406],
            std: vec![0.229, 0.224, 0.225],
        }
    }

    /// CIFAR-10's.
    pub fn cifar10() -> Normalisation {
        Normalisation {
            mean: vec![0.4914, 0.4822, 0.4465],
            std: vec![0.2470, 0.2435, 0.2616],
        }
    }

    /// The one that is given, for so many channels; ImageNet's for three if none is.
    ///
    /// # Errors
    /// One for another number of channels; none, and not three channels.
    pub(crate) fn or_usual(
        given: Option<&Normalisation>,
        channels: usize,
    ) -> Result<Normalisation, (String, String)> {
        let fix =
            "give --normalize MEAN,STD, of all channels alike or MEAN,MEAN,…,STD,STD,… of each";
        match given {
            None if channels == 3 => Ok(Normalisation::imagenet()),
            None => Err((
                format!("has {channels} channels, and no usual mean and deviation"),
                fix.into(),
            )),
            Some(given) if given.mean.len() == channels => Ok(given.clone()),
            Some(given) if given.mean.len() == 1 => Ok(Normalisation {
                mean: vec![given.mean[0]; channels],
                std: vec![given.std[0]; channels],
            }),
            Some(given) => Err((
                format!(
                    "has {channels} channels, and the normalisation {}",
                    given.mean.len()
                ),
                fix.into(),
            )),
        }
    }
}

/// `imagenet`, `cifar10`, or numbers: the means of all channels, then their standard deviations.
impl FromStr for Normalisation {
    type Err = String;

    fn from_str(text: &str) -> Result<Normalisation, String> {
        match text {
            "imagenet" => return Ok(Normalisation::imagenet()),
            "cifar10" => return Ok(Normalisation::cifar10()),
            _ => {}
        }
        let numbers: Option<Vec<f64>> = text
            .split(',')
            .map(|number| number.trim().parse().ok())
            .collect();
        let wrong = "write imagenet, cifar10, or means and as many standard deviations as fractions of 255, such as \
                     0.286,0.353";
        let numbers = numbers
            .filter(|numbers| numbers.len().is_multiple_of(2))
            .ok_or(wrong)?;
        let (mean, std) = numbers.split_at(numbers.len() / 2);
        let right = mean.iter().all(|mean| (0.0..=1.0).contains(mean))
            && std.iter().all(|&std| std > 0.0 && std <= 10.0);
        match right {
            true => Ok(Normalisation {
                mean: mean.to_vec(),
                std: std.to_vec(),
            }),
            false => Err("means are from 0 to 1, standard deviations above 0 and up to 10".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_understood() {
        assert_eq!("cifar10".parse(), Ok(Normalisation::cifar10()));
        let grey: Normalisation = "0.286, 0.353".parse().unwrap();
        assert_eq!(
            (&grey.mean[..], &grey.std[..]),
            (&[0.286][..], &[0.353][..])
        );
        let colour: Normalisation = "0.1,0.2,0.3,1,2,3".parse().unwrap();
        assert_eq!(colour.std, [1.0, 2.0, 3.0]);
        for wrong in ["", "mnist", "0.5", "0.1,0.2,0.3", "0.5,0", "2,1", "nan,1"] {
            assert!(wrong.parse::<Normalisation>().is_err(), "{wrong}");
        }
        assert!(Normalisation::or_usual(None, 1).is_err());
        assert_eq!(
            Normalisation::or_usual(Some(&grey), 2).unwrap().mean,
            [0.286; 2]
        );
    }
}

//! PNG: our SVG, rasterised by resvg with the fonts in the binary and no others.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use super::{Error, PIXELS_MAX, text};

/// Loaded once. The system's fonts are left out, so that the same question gives the same picture everywhere.
static DATABASE: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut database = Database::new();
    for font in text::FONTS {
        database.load_font_data(font.to_vec());
    }
    Arc::new(database)
});

/// What `svg`, as [`super::svg`] writes it, looks like: a PNG, `scale` of whose pixels are one of the SVG's in each
/// direction. A character that no font in the binary has is an empty box.
///
/// # Errors
/// [`Error::TooLarge`]; [`Error::Raster`], which is a bug of ours.
pub fn png(svg: &str, scale: u32) -> Result<Vec<u8>, Error> {
    let raster = |why: &dyn std::fmt::Display| Error::Raster(why.to_string());
    let options = Options { font_family: "Inter".to_owned(), fontdb: Arc::clone(&DATABASE), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| raster(&error))?;
    let size = tree.size().to_int_size();
    let (width, height) = (size.width().saturating_mul(scale), size.height().saturating_mul(scale));
    if width.saturating_mul(height) > PIXELS_MAX {
        return Err(Error::TooLarge { width, height });
    }
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| raster(&format_args!("{width} x {height} pixels")))?;
    resvg::render(&tree, Transform::from_scale(scale as f32, scale as f32), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| raster(&error))
}

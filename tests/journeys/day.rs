use acceptance::{folder, journey};
use anyhow::{Context as _, Result};

#[tokio::test]
async fn a_store_sells_through_the_loss_of_its_mall_and_its_power_and_the_books_agree() -> Result<()>
{
    let folder = folder::temporary()?;
    let mut table = journey::Table::new(false);
    let played = journey::play(folder.path(), &mut table).await;
    played.with_context(|| table.text().to_owned())?;
    Ok(())
}

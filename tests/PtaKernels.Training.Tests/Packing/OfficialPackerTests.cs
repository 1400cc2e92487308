namespace PtaKernels.Training.Tests.Packing;

/// <summary>The official packing beyond the golden rows: batches, and metrics that are no numbers.</summary>
public sealed class OfficialPackerTests
{
    [Test]
    public void BatchEndsWithAShortBlock()
    {
        var packer = new OfficialPacker(4, batchSize: 2);
        OfficialRow[] blocks = [.. new[] { Row(3, 1), Row(3, 2), Row(5, 3) }.SelectMany(packer.Add), .. packer.Finish()];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(blocks.Select(static b => b.Length), Is.EqualTo(new[] { 4, 2, 4, 1 }));
            Assert.That(blocks.Select(static b => b.Metric("metric_ce")), Is.EqualTo(new[] { 1.25, 2, 3, 3 }));
        }
    }

    [Test]
    public void NaNStaysOrIsFilteredBeforeTheBatch([Values] bool filter)
    {
        var packer = new OfficialPacker(4, batchSize: 2, filter);
        OfficialRow[] blocks = [.. new[] { Row(3, 1), Row(2, double.NaN), Row(2, 2) }.SelectMany(packer.Add), .. packer.Finish()];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(blocks.Select(static b => b.Length), Is.EqualTo(filter ? new[] { 4, 1 } : [4, 1, 2]));
            Assert.That(double.IsNaN(blocks[0].Metric("metric_ce")), Is.EqualTo(!filter));
            Assert.That(packer.Filtered, Is.EqualTo(filter ? 1 : 0));
        }
    }

    private static OfficialRow Row(int length, double metric)
    {
        var row = new OfficialRow();
        row.Add("input_ids", new int[length]);
        row.Add("metric_ce", metric);
        return row;
    }
}

using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Report;

/// <summary>Lines over logarithmic axes, alone and on a sheet.</summary>
public sealed class LineChartTests
{
    private static readonly LineChart Example = new(
        "Alignment paths", "tokens/s", "tokens of a document",
        [
            new("native", "seconds ~ x^1.02 ± 0.01", [new(64, 1e6, 9e5, 1.1e6, 4e6), new(640, 2e6, 2e6, 2e6, 4e6), new(6400, 4e6, 3e6, 5e6, 8e6)]),
            new("plain", "", [new(64, 1e4, 1e4, 1e4), new(640, 1e3, 1e3, 1e3), new(double.NaN, 1, 1, 1), new(64, 0, 0, 0)]),
        ]);

    [TestCase(1, 100, 10, "1 2 5 10 20 50 100")]
    [TestCase(64, 16384, 8, "100 200 500 1k 2k 5k 10k")]
    [TestCase(64, 16384, 6, "100 300 1k 3k 10k")]
    [TestCase(1e-6, 1e6, 7, "10µ 1m 100m 10 1k 100k")]
    [TestCase(3, 64, 8, "5 10 20 50")]
    [TestCase(2, 2, 8, "2")]
    public void MarksAreRound(double low, double high, int most, string marks)
    {
        var axis = new ChartLogAxis(low, high, 0, 1, most, widen: false);
        Assert.That(string.Join(' ', axis.Marks.Select(ChartLogAxis.Text)), Is.EqualTo(marks));
        Assert.That(axis.Marks, Has.Count.LessThanOrEqualTo(most));
    }

    [TestCase(0, "0")]
    [TestCase(999.4, "999.4")]
    [TestCase(1000, "1k")]
    [TestCase(2.5e9, "2.5G")]
    [TestCase(0.00125, "1.25m")]
    public void NumbersAreShort(double value, string text) => Assert.That(ChartLogAxis.Text(value), Is.EqualTo(text));

    [Test]
    public void EqualFactorsAreEqualDistances()
    {
        Chart chart = Charts.Lines(Example);
        DotShape[] dots = [.. chart.Shapes.OfType<DotShape>().Where(static d => d.Color == ChartColor.Of(0))];
        Assert.That(dots, Has.Length.EqualTo(4), "one says which colour is which");
        Assert.That(dots[1].X - dots[0].X, Is.EqualTo(dots[2].X - dots[1].X).Within(1e-6));
        Assert.That(dots[0].Y - dots[1].Y, Is.EqualTo(dots[1].Y - dots[2].Y).Within(1e-6).And.GreaterThan(0));
        Assert.That(chart.Shapes.OfType<DotShape>().Count(static d => d.Color == ChartColor.Of(1)), Is.EqualTo(3), "what is no number above zero is left out");
    }

    [Test]
    public void LimitsAreDashedAbove()
    {
        Chart chart = Charts.Lines(Example);
        LineShape[] dashes = [.. chart.Shapes.OfType<LineShape>().Where(static l => l.Color == ChartColor.Of(0).With(0.8))];
        Assert.That(dashes, Has.Length.GreaterThan(20));
        double highest = chart.Shapes.OfType<DotShape>().Where(static d => d.Color == ChartColor.Of(0)).Min(static d => d.Y);
        Assert.That(dashes.Min(static l => l.Points[0].Y), Is.LessThan(highest));
        Assert.That(chart.Shapes.OfType<TextShape>().Select(static t => t.Text), Does.Contain("dashed: what this machine could do at most").And.Contain("seconds ~ x^1.02 ± 0.01").And.Contain("native"));
        Assert.That(Charts.Lines(Example with { Series = [Example.Series[1]] }).Shapes.OfType<TextShape>().Select(static t => t.Text), Has.None.StartsWith("dashed"));
    }

    [Test]
    public void EverythingIsTidy()
    {
        ChartTests.AssertTidy(Charts.Lines(Example));
        ChartTests.AssertTidy(Charts.Lines(Example with { Series = [] }));
        ChartTests.AssertTidy(Charts.Lines(Example with { Series = [new("one", "", [new(5, 5, 5, 5)])] }));
        ChartTests.AssertTidy(Charts.Lines(Example with { Title = string.Join(' ', Enumerable.Repeat("a long title", 12)) }));
        Chart sheet = Charts.Sheet("All", [.. Enumerable.Repeat(Example, 5)], 2);
        ChartTests.AssertTidy(sheet);
        Assert.That(sheet.Width, Is.GreaterThan(1.8 * Charts.Lines(Example).Width));
        Assert.That(sheet.Height, Is.GreaterThan(2.5 * Charts.Lines(Example).Height));
        ChartTests.AssertTidy(Charts.Sheet("None", [], 2));
    }
}

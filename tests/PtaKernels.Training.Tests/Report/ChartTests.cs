using System.Buffers.Binary;
using System.IO.Compression;
using System.Xml.Linq;
using PtaKernels.Pipeline;

namespace PtaKernels.Training.Tests.Report;

/// <summary>Charts: what is drawn where, and that a machine without fonts draws the same.</summary>
public sealed class ChartTests
{
    private static readonly ChartColor Black = new(0, 0, 0);

    [TestCase(3.25, 2.5, 4.5, 3.125)]
    [TestCase(0, 0, 10, 8)]
    [TestCase(7, 1, 0.1, 0.1)]
    public void CoverIsTheAreaOfABox(double x, double y, double width, double height)
    {
        var raster = new Raster(10, 8, 1);
        raster.Draw(new BoxShape(Black, x, y, width, height));
        Assert.That(Area(raster), Is.EqualTo(width * height).Within(0.05));
    }

    [Test]
    public void CoverIsTheAreaOfALine([Range(0, 90, 15)] int degrees)
    {
        var raster = new Raster(60, 60, 1);
        double angle = degrees * Math.PI / 180;
        raster.Draw(new LineShape(Black, 0.9, [(5, 5), (5 + (40 * Math.Cos(angle)), 5 + (40 * Math.Sin(angle)))]));
        Assert.That(Area(raster), Is.EqualTo(40 * 0.9).Within(0.3));
    }

    [Test]
    public void WhatLiesOutsideIsCutOff()
    {
        var raster = new Raster(10, 8, 1);
        raster.Draw(new BoxShape(Black, -5, -5, 7, 100));
        Assert.That(Area(raster), Is.EqualTo(16).Within(1e-3));
        raster.Draw(new TextShape(Black, "out of sight", -500, 500, 12, TextAnchor.Start, false));
        Assert.That(Area(raster), Is.EqualTo(16).Within(1e-3));
    }

    [Test]
    public void LettersHaveInkAndHoles()
    {
        var raster = new Raster(40, 40, 1);
        raster.Draw(new TextShape(Black, "O", 20, 30, 32, TextAnchor.Middle, true));
        byte[] pixels = raster.ToBytes();
        Assert.That(pixels[((18 * 40) + 20) * 3], Is.EqualTo(255), "the middle of the letter");
        Assert.That(Enumerable.Range(0, 40).Count(x => pixels[((18 * 40) + x) * 3] < 64), Is.InRange(8, 16), "two stems");
    }

    [Test]
    public void WidthsAddUpAndUnknownCharactersAreQuestionMarks()
    {
        Assert.That(Outlines.WidthOf("ab", 10, false), Is.EqualTo(Outlines.WidthOf("a", 10, false) + Outlines.WidthOf("b", 10, false)));
        Assert.That(Outlines.WidthOf("a", 20, true), Is.EqualTo(2 * Outlines.WidthOf("a", 10, true)));
        Assert.That(Outlines.Polygons("語", 10, false), Is.EqualTo(Outlines.Polygons("?", 10, false)));
        foreach (char c in "Δ±−…éß")
            Assert.That(Outlines.Polygons($"{c}", 10, false).Count(), Is.Not.Zero);
    }

    [Test]
    public void PngHoldsThePicture()
    {
        byte[] pixels = [.. Enumerable.Range(0, 5 * 3 * 3).Select(static i => (byte)(i * 37))];
        (int width, int height, byte[] read) = ReadPng(PngFile.Encode(5, 3, pixels));
        Assert.That((width, height), Is.EqualTo((5, 3)));
        Assert.That(read, Is.EqualTo(pixels));
    }

    [Test]
    public void FileAppearsWhole()
    {
        string path = Path.Combine(TestContext.CurrentContext.WorkDirectory, "chart-test.png");
        Chart chart = Charts.Table("A table", ["a", "b"], [["x", "1"]]);
        chart.SavePng(path);
        (int width, int height, _) = ReadPng(File.ReadAllBytes(path));
        Assert.That((width, height), Is.EqualTo(((int)chart.Width * 2, (int)chart.Height * 2)));
        Assert.That(chart.ToPng(), Is.EqualTo(File.ReadAllBytes(path)), "the same every time");
        File.Delete(path);
    }

    [Test]
    public void LossCurvesShowEveryRunAndNamesApart()
    {
        LossSeries[] series = [.. Enumerable.Range(0, 5).Select(s => new LossSeries($"run {s}", [.. Enumerable.Range(1, 100).Select(static t => t * 1000.0)], [.. Enumerable.Range(1, 100).Select(t => t == 50 ? double.NaN : 2 + (10.0 / t) + (s * 1e-3))]))];
        Chart chart = Charts.LossCurves(series);
        TextShape[] names = [.. chart.Shapes.OfType<TextShape>().Where(static t => t.Bold && t.Text.StartsWith("run", StringComparison.Ordinal))];
        Assert.That(names.Select(static n => n.Text), Is.EqualTo(new[] { "run 4", "run 3", "run 2", "run 1", "run 0" }), "from the top");
        Assert.That(names.Zip(names.Skip(1), static (a, b) => b.Y - a.Y), Has.All.GreaterThanOrEqualTo(19.9));
        Assert.That(chart.Shapes.OfType<TextShape>().Select(static t => t.Text), Does.Contain("100k").And.Contain("training tokens"));
        AssertTidy(chart);
    }

    [Test]
    public void LossOfOneStepAndOfNone()
    {
        AssertTidy(Charts.LossCurves([new LossSeries("one", [5], [2.5])]));
        AssertTidy(Charts.LossCurves([new LossSeries("none", [], []), new LossSeries("bad", [1], [double.NaN])]));
        AssertTidy(Charts.LossCurves([]));
        Assert.That(() => Charts.LossCurves([new LossSeries("uneven", [1, 2], [2.5])]), Throws.ArgumentException.With.Message.Contains("uneven"));
    }

    [Test]
    public void DifferencesReachFromZeroToTheirValue()
    {
        Chart chart = Charts.Differences([new("plain", "core", 0.01, 0.005, 0.015), new("fusion", "core", -0.05, -0.06, -0.04), new("fusion", "web", -0.025, -0.03, -0.02)], "CLM");
        BoxShape[] bars = [.. chart.Shapes.OfType<BoxShape>()];
        double zero = bars[0].X, unit = bars[0].Width / 0.01;
        Assert.That(bars[1].Width, Is.EqualTo(0.05 * unit).Within(1e-6));
        Assert.That(bars[1].X + bars[1].Width, Is.EqualTo(zero).Within(1e-6));
        Assert.That(bars[2].Color, Is.EqualTo(bars[1].Color).And.Not.EqualTo(bars[0].Color));
        Assert.That(chart.Shapes.OfType<TextShape>().Select(static t => t.Text), Does.Contain("−0.050").And.Contain("+0.010").And.Contain("core").And.Contain("web"));
        AssertTidy(chart);
        AssertTidy(Charts.Differences([], "CLM"));
        AssertTidy(Charts.Differences([new("a", "b", 0, 0, 0)], "CLM"));
    }

    [Test]
    public void IntervalsStandInRowsAndColours()
    {
        Chart chart = Charts.Intervals(
            [new("fusion", "core", -0.05, -0.06, -0.04), new("fusion", "web", -0.025, -0.03, -0.02), new("plain", "core", 0.01, double.NaN, double.NaN), new("plain", "web", 0.02, 0.01, 0.03)], "CLM");
        DotShape[] dots = [.. chart.Shapes.OfType<DotShape>()];
        Assert.That(dots, Has.Length.EqualTo(6), "two say which colour is which");
        Assert.That(dots.Select(static d => d.Color), Is.EqualTo(new[] { dots[0].Color, dots[1].Color, dots[0].Color, dots[1].Color, dots[0].Color, dots[1].Color }));
        double zero = dots[4].X - ((dots[4].X - dots[2].X) / 6);
        Assert.That(dots[3].X - zero, Is.EqualTo((dots[2].X - zero) / 2).Within(1e-6));
        LineShape[] whiskers = [.. chart.Shapes.OfType<LineShape>().Where(l => l.Color == dots[0].Color || l.Color == dots[1].Color)];
        Assert.That(whiskers, Has.Length.EqualTo(3), "none without an interval");
        Assert.That(whiskers[0].Points.Average(static p => p.X), Is.EqualTo(dots[2].X).Within(1e-6));
        AssertTidy(chart);
        AssertTidy(Charts.Intervals([], "CLM"));
        AssertTidy(Charts.Intervals([.. Enumerable.Range(0, 60).SelectMany(static i => new[] { "a", "b", "c", "d" }.Select(d => new DifferenceBar($"a longer name {i}", d, i * 1e-3, 0, 1)))], "CLM"));
    }

    [Test]
    public void PointsHaveTheirNamesBeside()
    {
        Chart chart = Charts.Scatter([new("one", "a", 0, 0), new("two", "b", 1, -1), new("near two", "b", 1.001, -1.001), new("lost", "b", double.NaN, 1)], "Points", "negative is better", "across");
        DotShape[] dots = [.. chart.Shapes.OfType<DotShape>()];
        Assert.That(dots, Has.Length.EqualTo(5), "two say which colour is which");
        DotShape first = dots[^1];
        Assert.That(dots[^2].Y, Is.GreaterThan(first.Y), "the first on top");
        TextShape one = chart.Shapes.OfType<TextShape>().Single(static t => t.Text == "one");
        Assert.That(Math.Abs(one.Start - first.X) + Math.Abs(one.Y - first.Y), Is.LessThan(30));
        Assert.That(chart.Shapes.OfType<TextShape>().Select(static t => t.Text), Does.Contain("near two").And.Not.Contain("lost"));
        AssertTidy(chart);
    }

    [Test]
    public void NamesWithoutRoomAreCounted()
    {
        var random = new Random(1);
        Chart crowd = Charts.Scatter([.. Enumerable.Range(0, 200).Select(i => new ScatterPoint($"method {i}", $"kind {i % 3}", 0.4 + (0.01 * random.NextDouble()), i == 0 ? 1 : 0.01 * random.NextDouble()))], "Points", "all in one corner", string.Join(' ', Enumerable.Repeat("across", 14)));
        TextShape[] texts = [.. crowd.Shapes.OfType<TextShape>()];
        int named = texts.Count(static t => t.Text.StartsWith("method", StringComparison.Ordinal));
        Assert.That(named, Is.InRange(10, 199));
        Assert.That(texts.Select(static t => t.Text), Does.Contain($"{200 - named} points without room for their names"));
        AssertTidy(crowd);
        AssertTidy(Charts.Scatter([], "Points", "none", "across"));
        AssertTidy(Charts.Scatter([new("the only one", "a", 3, 3)], "Points", "one", "across"));
    }

    [Test]
    public void TablesAreTidy()
    {
        Chart chart = Charts.Table("Bits per byte", ["student", "core\nbits per byte", "w"], [["<CLM> & co", "1.5610", "1.0"], ["fusion", "1.5046", "0.5"]], string.Join(' ', Enumerable.Repeat("note", 40)), [1]);
        AssertTidy(chart);
        AssertTidy(Charts.Table("Nothing", ["a"], []));
        Assert.That(() => Charts.Table("Bad", ["a", "b"], [["1"]]), Throws.ArgumentException);
    }

    [TestCase(0, 0.3, "0.0 0.1 0.2 0.3")]
    [TestCase(-0.02, 0.05, "−0.02 0.00 0.02 0.04 0.06")]
    [TestCase(5, 5, "4.5 5.0 5.5")]
    public void MarksAreRound(double low, double high, string marks)
    {
        var axis = new ChartAxis(low, high, 0, 1, 4, widen: true);
        Assert.That(string.Join(' ', axis.Marks.Select(axis.Text)), Is.EqualTo(marks));
    }

    [Test]
    public void SignsAreTrue()
    {
        Assert.That(ChartAxis.Signed(-0.00001, 3), Is.EqualTo("0.000"));
        Assert.That(ChartAxis.Signed(-0.5, 1), Is.EqualTo("−0.5"));
        Assert.That(ChartAxis.Signed(0.5, 1), Is.EqualTo("+0.5"));
    }

    /// <summary>Everything lies on the sheet, no two texts touch, and the SVG is whole.</summary>
    internal static void AssertTidy(Chart chart)
    {
        XElement svg = XElement.Parse(chart.ToSvg());
        XNamespace name = svg.Name.Namespace;
        Assert.That(svg.Element(name + "title")!.Value, Is.EqualTo(chart.Title));
        TextShape[] texts = [.. chart.Shapes.OfType<TextShape>()];
        Assert.That(svg.Elements(name + "text").Select(static t => t.Value), Is.EqualTo(texts.Select(static t => t.Text)));
        (double Left, double Top, double Right, double Bottom)[] boxes = [.. texts.Select(static t => (t.Start, t.Y - (0.76 * t.Size), t.Start + Outlines.WidthOf(t.Text, t.Size, t.Bold), t.Y + (0.24 * t.Size)))];
        foreach ((int i, (double left, double top, double right, double bottom)) in boxes.Index())
        {
            Assert.That(left >= 0 && top >= 0 && right <= chart.Width && bottom <= chart.Height, $"'{texts[i].Text}' leaves the sheet");
            int touched = Array.FindIndex(boxes, i + 1, b => b.Left < right && left < b.Right && b.Top < bottom && top < b.Bottom);
            Assert.That(touched, Is.LessThan(0), touched < 0 ? "" : $"'{texts[i].Text}' touches '{texts[touched].Text}'");
        }

        Assert.That(chart.Shapes.OfType<LineShape>().SelectMany(static l => l.Points), Has.All.Matches<(double X, double Y)>(p => p.X >= 0 && p.X <= chart.Width && p.Y >= 0 && p.Y <= chart.Height));
    }

    private static double Area(Raster raster) => raster.ToBytes().Where(static (_, i) => i % 3 == 0).Sum(static v => (255 - v) / 255.0);

    /// <summary>A reader of what the writer may write, checksums included.</summary>
    private static (int Width, int Height, byte[] Pixels) ReadPng(byte[] file)
    {
        Assert.That(file[..8], Is.EqualTo(new byte[] { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A }));
        int width = 0, height = 0;
        byte[] rows = [];
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            string name = System.Text.Encoding.ASCII.GetString(file, at + 4, 4);
            byte[] data = file[(at + 8)..(at + 8 + length)];
            Assert.That(BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + length)), Is.EqualTo(Crc(file.AsSpan(at + 4, length + 4))), name);
            if (name == "IHDR")
            {
                width = BinaryPrimitives.ReadInt32BigEndian(data);
                height = BinaryPrimitives.ReadInt32BigEndian(data.AsSpan(4));
                Assert.That(data[8..], Is.EqualTo(new byte[] { 8, 2, 0, 0, 0 }));
            }
            else if (name == "IDAT")
            {
                using var unpacked = new MemoryStream();
                new ZLibStream(new MemoryStream(data), CompressionMode.Decompress).CopyTo(unpacked);
                rows = unpacked.ToArray();
            }

            at += 12 + length;
        }

        byte[] pixels = new byte[width * height * 3];
        for (int y = 0; y < height; y++)
        {
            int row = y * ((width * 3) + 1);
            Assert.That(rows[row], Is.EqualTo(2), "the filter: up");
            for (int i = 0; i < width * 3; i++)
                pixels[(y * width * 3) + i] = (byte)(rows[row + 1 + i] + (y == 0 ? 0 : pixels[((y - 1) * width * 3) + i]));
        }

        return (width, height, pixels);
    }

    // Polynomial division bit by bit over the message and 32 zero bits, both ends turned: slow and by the book.
    private static uint Crc(ReadOnlySpan<byte> data)
    {
        ulong rest = 0;
        int total = (data.Length * 8) + 32;
        for (int i = 0; i < total; i++)
        {
            uint bit = i < data.Length * 8 ? (uint)(data[i / 8] >> (i % 8)) & 1 : 0;
            if (i < 32)
                bit ^= 1;
            rest = (rest << 1) | bit;
            if ((rest & 0x1_0000_0000) != 0)
                rest ^= 0x1_04C1_1DB7;
        }

        uint turned = 0;
        for (int i = 0; i < 32; i++)
            turned |= (uint)((rest >> i) & 1) << (31 - i);
        return ~turned;
    }
}

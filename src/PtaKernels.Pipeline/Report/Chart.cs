using PtaKernels.Corpus;

namespace PtaKernels.Pipeline;

/// <summary>A finished drawing: lines, dots, rectangles and text. It becomes a PNG picture, the same on every machine, or SVG that takes the colour of the page around it.</summary>
public sealed class Chart
{
    private readonly List<ChartShape> _shapes = [];

    internal Chart(double width, double height, string title)
    {
        Width = Math.Ceiling(width);
        Height = Math.Ceiling(height);
        Title = title;
    }

    /// <summary>Width in SVG units; the PNG has <see cref="PixelsPerUnit"/> pixels for each.</summary>
    public double Width { get; }

    /// <summary>Height in SVG units.</summary>
    public double Height { get; }

    /// <summary>What it shows, also for those who cannot see it.</summary>
    public string Title { get; }

    /// <summary>Pixels of the PNG per unit: sharp on dense screens too.</summary>
    public const int PixelsPerUnit = 2;

    internal IReadOnlyList<ChartShape> Shapes => _shapes;

    /// <summary>The chart as one SVG element, to be put into an HTML page or a file. Text and axes have the page's text colour.</summary>
    public string ToSvg() => SvgText.Of(this);

    /// <summary>The chart as a PNG file on white.</summary>
    public byte[] ToPng()
    {
        var raster = new Raster((int)Width * PixelsPerUnit, (int)Height * PixelsPerUnit, PixelsPerUnit);
        foreach (ChartShape shape in _shapes)
            raster.Draw(shape);
        return PngFile.Encode(raster.Width, raster.Height, raster.ToBytes());
    }

    /// <summary>Writes the PNG; the file has its name only once it is complete.</summary>
    /// <param name="path">The file; replaced where it exists.</param>
    public void SavePng(string path) => AtomicFile.Write(path, ToPng());

    internal void Line(ChartColor color, double width, params ReadOnlySpan<(double X, double Y)> points) => _shapes.Add(new LineShape(color, width, points.ToArray()));

    internal void Box(ChartColor color, double x, double y, double width, double height) => _shapes.Add(new BoxShape(color, x, y, width, height));

    internal void Dot(ChartColor color, double x, double y, double radius) => _shapes.Add(new DotShape(color, x, y, radius));

    internal void Text(string text, double x, double y, double size, TextAnchor anchor = TextAnchor.Start, bool bold = false, ChartColor? color = null) =>
        _shapes.Add(new TextShape(color ?? ChartColor.Ink, text, x, y, size, anchor, bold));
}

using System.Globalization;
using System.IO.Compression;

namespace PtaKernels.Pipeline;

/// <summary>The letters of charts: outlines that come with the program, so that no machine needs a font. A character without one is drawn as a question mark.</summary>
internal sealed class Outlines
{
    private static readonly Lazy<Outlines> Regular = new(static () => new Outlines("regular.tsv.gz"));
    private static readonly Lazy<Outlines> Bold = new(static () => new Outlines("bold.tsv.gz"));

    private readonly Dictionary<char, Glyph> _glyphs = [];
    private readonly double _unitsPerEm;

    private Outlines(string resource)
    {
        using Stream packed = typeof(Outlines).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
        _unitsPerEm = int.Parse(reader.ReadLine()!.Split('\t')[1], CultureInfo.InvariantCulture);
        while (reader.ReadLine() is { } line)
        {
            string[] cells = line.Split('\t');
            _glyphs[(char)int.Parse(cells[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture)] = new Glyph(int.Parse(cells[1], CultureInfo.InvariantCulture), cells[2]);
        }
    }

    /// <summary>Width of a text.</summary>
    public static double WidthOf(string text, double size, bool bold) => Of(bold).Glyphs(text).Sum(static g => (double)g.Advance) * size / Of(bold)._unitsPerEm;

    /// <summary>Closed polygons of a text that begins at 0, 0; y downwards.</summary>
    /// <param name="text">The text.</param>
    /// <param name="size">Units per em.</param>
    /// <param name="bold">Which outlines.</param>
    public static IEnumerable<(double X, double Y)[]> Polygons(string text, double size, bool bold)
    {
        Outlines font = Of(bold);
        double scale = size / font._unitsPerEm, at = 0;
        foreach (Glyph glyph in font.Glyphs(text))
        {
            foreach (string contour in glyph.Path.Split('Z', StringSplitOptions.RemoveEmptyEntries))
                yield return [.. Flatten(contour).Select(p => (at + (p.X * scale), -p.Y * scale))];
            at += glyph.Advance * scale;
        }
    }

    private static Outlines Of(bool bold) => (bold ? Bold : Regular).Value;

    private IEnumerable<Glyph> Glyphs(string text) => text.Select(c => _glyphs.TryGetValue(c, out Glyph glyph) ? glyph : _glyphs['?']);

    /// <summary>Points of a contour; a quadratic curve becomes eight lines, finer than a pixel at the sizes of charts.</summary>
    private static IEnumerable<(double X, double Y)> Flatten(string contour)
    {
        const int Pieces = 8;
        (double X, double Y) last = default;
        int at = 0;
        while (at < contour.Length)
        {
            int end = contour.AsSpan(at + 1).IndexOfAny('L', 'Q');
            end = end < 0 ? contour.Length : at + 1 + end;
            double[] n = [.. contour[(at + 1)..end].Split(' ').Select(static v => double.Parse(v, CultureInfo.InvariantCulture))];
            if (contour[at] == 'Q')
            {
                for (int piece = 1; piece < Pieces; piece++)
                {
                    double t = (double)piece / Pieces, u = 1 - t;
                    yield return ((u * u * last.X) + (2 * u * t * n[0]) + (t * t * n[2]), (u * u * last.Y) + (2 * u * t * n[1]) + (t * t * n[3]));
                }
            }

            last = (n[^2], n[^1]);
            yield return last;
            at = end;
        }
    }

    private readonly record struct Glyph(int Advance, string Path);
}

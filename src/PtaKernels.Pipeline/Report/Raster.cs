namespace PtaKernels.Pipeline;

/// <summary>A picture on white, drawn shape by shape with the exact share of each pixel that a shape covers.</summary>
internal sealed class Raster
{
    private readonly double _scale;
    private readonly float[] _pixels;
    private readonly float[] _cover;

    /// <summary>A white picture.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="scale">Pixels per unit of the shapes.</param>
    public Raster(int width, int height, double scale)
    {
        Width = width;
        Height = height;
        _scale = scale;
        _pixels = new float[width * height * 3];
        _pixels.AsSpan().Fill(255);
        _cover = new float[(width + 2) * height];
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>[height, width, 3] red, green, blue.</summary>
    public byte[] ToBytes() => [.. _pixels.Select(static v => (byte)(v + 0.5f))];

    public void Draw(ChartShape shape)
    {
        switch (shape)
        {
            case BoxShape box:
                Fill([[(box.X, box.Y), (box.X + box.Width, box.Y), (box.X + box.Width, box.Y + box.Height), (box.X, box.Y + box.Height)]], box.Color);
                break;
            case LineShape line:
                Fill(Stroke(line.Points, line.Width / 2), line.Color);
                break;
            case DotShape dot:
                Fill([Circle(dot.X, dot.Y, dot.Radius, 32)], dot.Color);
                break;
            case TextShape text:
                Fill(Outlines.Polygons(text.Text, text.Size, text.Bold).Select(p => Array.ConvertAll(p, q => (text.Start + q.X, text.Y + q.Y))), text.Color);
                break;
        }
    }

    /// <summary>A rectangle for each piece of the line and a circle on each point, all turning the same way, so that where they overlap is inside too.</summary>
    private static IEnumerable<(double X, double Y)[]> Stroke((double X, double Y)[] points, double half)
    {
        const int Corners = 12;
        for (int i = 0; i < points.Length; i++)
        {
            (double x, double y) = points[i];
            if (half > 0.5)
                yield return Circle(x, y, half, Corners);
            if (i == 0)
                continue;
            (double fromX, double fromY) = points[i - 1];
            double length = Math.Sqrt(((x - fromX) * (x - fromX)) + ((y - fromY) * (y - fromY)));
            if (length == 0)
                continue;
            double sideX = -(y - fromY) / length * half, sideY = (x - fromX) / length * half;
            yield return [(fromX - sideX, fromY - sideY), (x - sideX, y - sideY), (x + sideX, y + sideY), (fromX + sideX, fromY + sideY)];
        }
    }

    private static (double X, double Y)[] Circle(double x, double y, double radius, int corners) =>
        [.. Enumerable.Range(0, corners).Select(c => (x + (radius * Math.Cos(2 * Math.PI * c / corners)), y + (radius * Math.Sin(2 * Math.PI * c / corners))))];

    /// <summary>Inside is where the polygons wind around, however often.</summary>
    private void Fill(IEnumerable<(double X, double Y)[]> polygons, ChartColor color)
    {
        (int top, int bottom, int left, int right) = (Height, 0, Width, 0);
        foreach ((double X, double Y)[] polygon in polygons)
        {
            for (int i = 0; i < polygon.Length; i++)
            {
                (double X, double Y) a = polygon[i], b = polygon[(i + 1) % polygon.Length];
                Edge(a.X * _scale, a.Y * _scale, b.X * _scale, b.Y * _scale);
                top = Math.Min(top, (int)Math.Clamp(Math.Floor(a.Y * _scale), 0, Height));
                bottom = Math.Max(bottom, (int)Math.Clamp(Math.Ceiling(a.Y * _scale), 0, Height));
                left = Math.Min(left, (int)Math.Clamp(Math.Floor(a.X * _scale), 0, Width));
                right = Math.Max(right, (int)Math.Clamp(Math.Ceiling(a.X * _scale), 0, Width));
            }
        }

        ReadOnlySpan<float> rgb = [color.Red, color.Green, color.Blue];
        for (int y = top; y < bottom; y++)
        {
            Span<float> row = _cover.AsSpan(y * (Width + 2), Width + 2);
            Span<float> pixels = _pixels.AsSpan(y * Width * 3, Width * 3);
            float sum = 0;
            for (int x = left; x < right; x++)
            {
                sum += row[x];
                float cover = Math.Min(1, Math.Abs(sum)) * (float)color.Opacity;
                for (int c = 0; c < 3 && cover > 0; c++)
                    pixels[(3 * x) + c] += cover * (rgb[c] - pixels[(3 * x) + c]);
            }

            row[left..(right + 2)].Clear();
        }
    }

    /// <summary>Adds an edge's signed area per pixel, as differences along the row: their running sum is the share of each pixel that lies to the right of the edge.</summary>
    private void Edge(double x0, double y0, double x1, double y1)
    {
        if (y0 == y1)
            return;
        float direction = y0 < y1 ? 1 : -1;
        if (y0 > y1)
            (x0, y0, x1, y1) = (x1, y1, x0, y0);
        double slope = (x1 - x0) / (y1 - y0);
        for (int y = Math.Max(0, (int)Math.Floor(y0)); y < Math.Min(Height, y1); y++)
        {
            double from = Math.Max(y, y0), until = Math.Min(y + 1, y1), height = until - from;
            double a = Math.Clamp(x0 + ((from - y0) * slope), 0, Width), b = Math.Clamp(x0 + ((until - y0) * slope), 0, Width);
            (double left, double right) = a < b ? (a, b) : (b, a);
            Span<float> row = _cover.AsSpan(y * (Width + 2), Width + 2);
            int first = (int)left, last = Math.Max(first, (int)Math.Ceiling(right) - 1);
            double before = 0;
            for (int x = first; x <= last; x++)
            {
                // Share of the height whose edge lies at or left of the pixel's right side, less what it leaves uncovered in the pixel.
                double covered = left == right ? x + 1 - left : Above(left, right, x + 1);
                row[x] += direction * (float)(height * (covered - before));
                before = covered;
            }

            row[last + 1] += direction * (float)(height * (1 - before));
        }
    }

    /// <summary>Mean over the edge's points, spread evenly over left..right, of how much of the pixel that ends at x lies right of the point.</summary>
    private static double Above(double left, double right, double x)
    {
        return (Integral(x) - Integral(x - 1)) / (right - left);

        // Integral over z up to x of the length of left..right that lies left of z.
        double Integral(double z)
        {
            double inside = Math.Clamp(z, left, right) - left, beyond = Math.Max(0, z - right);
            return (inside * inside / 2) + (beyond * (right - left));
        }
    }
}

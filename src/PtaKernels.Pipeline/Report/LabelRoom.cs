namespace PtaKernels.Pipeline;

/// <summary>Room for names beside points: near their point, off every point, every other name and every line to one.</summary>
/// <param name="points">The points.</param>
/// <param name="radius">Of their dots.</param>
/// <param name="plot">Where names may stand.</param>
internal sealed class LabelRoom((double X, double Y)[] points, double radius, LabelBox plot)
{
    private const int Directions = 32, MostRounds = 24;
    private const double Gap = 2;

    // Beside the dot first; a name farther away gets a line.
    private static readonly double[] Distances = [3, 10, 18, 26, 35, 45, 56, 68, 82, 98, 116, 136, 160, 190, 225, 265];

    private readonly List<LabelBox> _names = [];
    private readonly List<LabelLine> _lines = [];

    /// <summary>Places names, earlier ones first; where some find no room, again with these first, and takes what leaves out fewest, those at the end before those at the beginning. Null for those without room.</summary>
    /// <param name="points">The points.</param>
    /// <param name="widths">Of the names.</param>
    /// <param name="size">Of their letters.</param>
    /// <param name="radius">Of the dots.</param>
    /// <param name="plot">Where names may stand.</param>
    public static PlacedLabel?[] Place((double X, double Y)[] points, double[] widths, double size, double radius, LabelBox plot)
    {
        PlacedLabel?[] best = new PlacedLabel?[points.Length];
        int[] order = [.. Enumerable.Range(0, points.Length)];
        // Crowds take long and gain little from another round.
        int rounds = Math.Clamp(30_000 / Math.Max(1, points.Length * points.Length), 1, MostRounds), least = int.MaxValue;
        for (int round = 0; round < rounds && least > 0; round++)
        {
            var room = new LabelRoom(points, radius, plot);
            PlacedLabel?[] placed = new PlacedLabel?[points.Length];
            foreach (int i in order)
                placed[i] = room.Place(i, widths[i], size);
            order = [.. order.OrderBy(i => placed[i] is not null)];
            int missing = placed.Index().Sum(p => p.Item is null ? (points.Length - p.Index) * (points.Length - p.Index) : 0);
            if (missing < least)
                (best, least) = (placed, missing);
        }

        return best;
    }

    private PlacedLabel? Place(int point, double width, double height)
    {
        (double px, double py) = points[point];
        foreach (double distance in Distances)
        {
            for (int d = 0; d < Directions; d++)
            {
                // To the right first, then turning away from it on both sides.
                double angle = Math.PI * 2 / Directions * (d % 2 == 0 ? d / 2 : -(d + 1) / 2), cos = Math.Cos(angle), sin = Math.Sin(angle);
                // The name's middle lies where its nearest edge is at the distance.
                double reach = radius + distance, x = px + (reach * cos) + (Slide(cos) * width / 2), y = py + (reach * sin) + (Slide(sin) * height / 2);
                var box = new LabelBox(x - (width / 2), y - (height / 2), x + (width / 2), y + (height / 2));
                LabelLine? line = distance == Distances[0] ? null : new LabelLine(px + (radius * cos), py + (radius * sin), Math.Clamp(px, box.Left, box.Right), Math.Clamp(py, box.Top, box.Bottom));
                if (!IsFree(box) || (line is { } free && !IsFree(free, point)))
                    continue;
                _names.Add(box);
                if (line is { } taken)
                    _lines.Add(taken);
                return new PlacedLabel(box.Left, box.Bottom - (0.24 * height), line);
            }
        }

        return null;
    }

    // A name above or below its point slides along with the direction.
    private static double Slide(double value) => Math.Clamp(1.5 * value, -1, 1);

    private bool IsFree(LabelBox box) =>
        box.Left >= plot.Left && box.Right <= plot.Right && box.Top >= plot.Top && box.Bottom <= plot.Bottom
        && !points.Any(p => box.Has(p.X, p.Y, radius + 1)) && !_names.Any(n => n.Touches(box, Gap)) && !_lines.Any(l => l.Crosses(box, Gap));

    private bool IsFree(LabelLine line, int own) =>
        !_names.Any(n => line.Crosses(n, 1)) && !_lines.Any(line.Crosses) && !points.Any(p => p != points[own] && line.DistanceTo(p.X, p.Y) < radius + 1);
}

/// <summary>Where a name stands: its left end on its base line, and the line to its point; null beside it.</summary>
internal sealed record PlacedLabel(double X, double Y, LabelLine? Line);

/// <summary>A rectangle that text takes.</summary>
internal readonly record struct LabelBox(double Left, double Top, double Right, double Bottom)
{
    public bool Has(double x, double y, double margin) => x > Left - margin && x < Right + margin && y > Top - margin && y < Bottom + margin;

    public bool Touches(LabelBox other, double margin) =>
        other.Left < Right + (2 * margin) && Left < other.Right + (2 * margin) && other.Top < Bottom + margin && Top < other.Bottom + margin;
}

/// <summary>A thin line from a dot to its name.</summary>
internal readonly record struct LabelLine(double FromX, double FromY, double ToX, double ToY)
{
    /// <summary>Whether it passes a rectangle, widened on all sides.</summary>
    public bool Crosses(LabelBox box, double margin)
    {
        // Liang and Barsky: the part of the line that lies between both pairs of sides.
        double from = 0, until = 1;
        return Clip(FromX, ToX - FromX, box.Left - margin, box.Right + margin, ref from, ref until)
            && Clip(FromY, ToY - FromY, box.Top - margin, box.Bottom + margin, ref from, ref until);
    }

    /// <summary>Whether it crosses another line; ends that only touch do not count.</summary>
    public bool Crosses(LabelLine other) =>
        Side(other.FromX, other.FromY) * Side(other.ToX, other.ToY) < 0 && other.Side(FromX, FromY) * other.Side(ToX, ToY) < 0;

    public double DistanceTo(double x, double y)
    {
        double dx = ToX - FromX, dy = ToY - FromY, length = (dx * dx) + (dy * dy);
        double at = length == 0 ? 0 : Math.Clamp((((x - FromX) * dx) + ((y - FromY) * dy)) / length, 0, 1);
        return Math.Sqrt(Math.Pow(x - FromX - (at * dx), 2) + Math.Pow(y - FromY - (at * dy), 2));
    }

    private static bool Clip(double start, double step, double low, double high, ref double from, ref double until)
    {
        if (step == 0)
            return start > low && start < high;
        double a = (low - start) / step, b = (high - start) / step;
        from = Math.Max(from, Math.Min(a, b));
        until = Math.Min(until, Math.Max(a, b));
        return from < until;
    }

    private double Side(double x, double y) => ((ToX - FromX) * (y - FromY)) - ((ToY - FromY) * (x - FromX));
}

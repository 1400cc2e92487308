namespace PtaKernels.Pipeline;

/// <summary>Room for names beside points: near their point, off every point, every other name and every line to one.</summary>
/// <param name="points">The points.</param>
/// <param name="radius">Of their dots.</param>
/// <param name="plot">Where names may stand.</param>
internal sealed class LabelRoom((double X, double Y)[] points, double radius, (double Left, double Top, double Right, double Bottom) plot)
{
    private const int Directions = 16, StepsOfLine = 24;
    private const double Gap = 2;

    // Beside the dot first; a name farther away gets a line.
    private static readonly double[] Distances = [3, 14, 24, 36, 50, 66, 84, 104, 126];

    private readonly List<(double Left, double Top, double Right, double Bottom)> _names = [];
    private readonly List<(double X, double Y)> _lines = [];

    /// <summary>Takes the nearest room there is; null where there is none.</summary>
    /// <param name="point">Whose name.</param>
    /// <param name="width">Of the name.</param>
    /// <param name="size">Of its letters.</param>
    public PlacedLabel? Place(int point, double width, double size)
    {
        (double px, double py) = points[point];
        double height = size;
        foreach (double distance in Distances)
        {
            for (int d = 0; d < Directions; d++)
            {
                // To the right first, then turning away from it on both sides.
                double angle = Math.PI * 2 / Directions * (d % 2 == 0 ? d / 2 : -(d + 1) / 2), cos = Math.Cos(angle), sin = Math.Sin(angle);
                // The name's middle lies where its nearest edge is at the distance.
                double reach = radius + distance, middleX = px + (reach * cos) + (Sign(cos) * width / 2), middleY = py + (reach * sin) + (Sign(sin) * height / 2);
                (double Left, double Top, double Right, double Bottom) box = (middleX - (width / 2), middleY - (height / 2), middleX + (width / 2), middleY + (height / 2));
                (double X, double Y)[] line = distance == Distances[0] ? [] : [(px + (radius * cos), py + (radius * sin)), (Math.Clamp(px, box.Left, box.Right), Math.Clamp(py, box.Top, box.Bottom))];
                (double X, double Y)[] steps = line.Length == 0 ? [] : [.. Enumerable.Range(0, StepsOfLine + 1).Select(s => Between(line[0], line[1], (double)s / StepsOfLine))];
                if (!IsFree(box) || !steps.All(s => IsFree(s, point)))
                    continue;
                _names.Add(box);
                _lines.AddRange(steps);
                return new PlacedLabel(box.Left, box.Bottom - (0.24 * size), line);
            }
        }

        return null;
    }

    // Nearly upright counts as upright: then the name is centred.
    private static double Sign(double value) => Math.Abs(value) < 0.2 ? 0 : Math.Sign(value);

    private static (double X, double Y) Between((double X, double Y) from, (double X, double Y) to, double share) => (from.X + (share * (to.X - from.X)), from.Y + (share * (to.Y - from.Y)));

    private static bool IsIn((double X, double Y) point, (double Left, double Top, double Right, double Bottom) box, double margin) =>
        point.X > box.Left - margin && point.X < box.Right + margin && point.Y > box.Top - margin && point.Y < box.Bottom + margin;

    private bool IsFree((double Left, double Top, double Right, double Bottom) box) =>
        box.Left >= plot.Left && box.Right <= plot.Right && box.Top >= plot.Top && box.Bottom <= plot.Bottom
        && !points.Any(p => IsIn(p, box, radius + 1)) && !_lines.Any(p => IsIn(p, box, Gap))
        && !_names.Any(n => n.Left < box.Right + (2 * Gap) && box.Left < n.Right + (2 * Gap) && n.Top < box.Bottom + Gap && box.Top < n.Bottom + Gap);

    private bool IsFree((double X, double Y) step, int own) =>
        !_names.Any(n => IsIn(step, n, Gap)) && !points.Index().Any(p => p.Index != own && p.Item != points[own] && ((p.Item.X - step.X) * (p.Item.X - step.X)) + ((p.Item.Y - step.Y) * (p.Item.Y - step.Y)) < (radius + 1) * (radius + 1));
}

/// <summary>Where a name stands: its left end on its base line, and the line to its point, empty beside it.</summary>
internal sealed record PlacedLabel(double X, double Y, (double X, double Y)[] Line);

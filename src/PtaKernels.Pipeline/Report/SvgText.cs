using System.Globalization;
using System.Net;
using System.Text;

namespace PtaKernels.Pipeline;

/// <summary>Charts as SVG elements.</summary>
internal static class SvgText
{
    public static string Of(Chart chart)
    {
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {chart.Width} {chart.Height}" width="{chart.Width}" height="{chart.Height}" role="img" """);
        svg.Append(CultureInfo.InvariantCulture, $"""style="max-width:100%;height:auto" font-family="DejaVu Sans,Verdana,Segoe UI,Helvetica,Arial,sans-serif"><title>{WebUtility.HtmlEncode(chart.Title)}</title>""").Append('\n');
        foreach (ChartShape shape in chart.Shapes)
            Append(svg, shape);
        return svg.Append("</svg>\n").ToString();
    }

    private static void Append(StringBuilder svg, ChartShape shape)
    {
        string color = shape.Color.IsInk ? "currentColor" : $"#{shape.Color.Red:X2}{shape.Color.Green:X2}{shape.Color.Blue:X2}";
        string opacity = shape.Color.Opacity < 1 ? $" opacity=\"{Number(shape.Color.Opacity)}\"" : "";
        switch (shape)
        {
            case BoxShape box:
                svg.Append(CultureInfo.InvariantCulture, $"""<rect x="{Number(box.X)}" y="{Number(box.Y)}" width="{Number(box.Width)}" height="{Number(box.Height)}" fill="{color}"{opacity}/>""");
                break;
            case LineShape line:
                string points = string.Join(' ', line.Points.Select(static p => $"{Number(p.X)},{Number(p.Y)}"));
                svg.Append(CultureInfo.InvariantCulture, $"""<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{Number(line.Width)}" stroke-linejoin="round"{opacity}/>""");
                break;
            case DotShape dot:
                svg.Append(CultureInfo.InvariantCulture, $"""<circle cx="{Number(dot.X)}" cy="{Number(dot.Y)}" r="{Number(dot.Radius)}" fill="{color}"{opacity}/>""");
                break;
            case TextShape text:
                string anchor = text.Anchor switch { TextAnchor.Start => "start", TextAnchor.Middle => "middle", _ => "end" };
                string weight = text.Bold ? " font-weight=\"bold\"" : "";
                svg.Append(CultureInfo.InvariantCulture, $"""<text x="{Number(text.X)}" y="{Number(text.Y)}" font-size="{Number(text.Size)}" text-anchor="{anchor}"{weight} fill="{color}"{opacity}>{WebUtility.HtmlEncode(text.Text)}</text>""");
                break;
        }

        svg.Append('\n');
    }

    private static string Number(double value) => Math.Round(value, 2).ToString(CultureInfo.InvariantCulture);
}

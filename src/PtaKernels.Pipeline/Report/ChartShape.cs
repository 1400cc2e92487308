namespace PtaKernels.Pipeline;

/// <summary>Which end of a text lies at its place.</summary>
internal enum TextAnchor
{
    Start,
    Middle,
    End,
}

/// <summary>A colour, and how much of what is below it hides: 0..1.</summary>
internal readonly record struct ChartColor(byte Red, byte Green, byte Blue, double Opacity = 1, bool IsInk = false)
{
    // Okabe and Ito's palette, told apart with every kind of colour vision, in an order in which neighbours differ most; its yellow is too pale for lines.
    private static readonly ChartColor[] Palette =
    [
        new(0x00, 0x72, 0xB2), new(0xD5, 0x5E, 0x00), new(0x00, 0x9E, 0x73), new(0xCC, 0x79, 0xA7), new(0xE6, 0x9F, 0x00), new(0x56, 0xB4, 0xE9),
    ];

    /// <summary>Black on paper; the text's colour on a page.</summary>
    public static ChartColor Ink { get; } = new(0x22, 0x22, 0x22, 1, IsInk: true);

    /// <summary>The colour of one series or method.</summary>
    public static ChartColor Of(int index) => Palette[index % Palette.Length];

    public ChartColor With(double opacity) => this with { Opacity = opacity };
}

/// <summary>Part of a drawing.</summary>
internal abstract record ChartShape(ChartColor Color);

/// <summary>A polyline with round ends and corners.</summary>
internal sealed record LineShape(ChartColor Color, double Width, (double X, double Y)[] Points) : ChartShape(Color);

/// <summary>A filled circle.</summary>
internal sealed record DotShape(ChartColor Color, double X, double Y, double Radius) : ChartShape(Color);

/// <summary>A filled rectangle.</summary>
internal sealed record BoxShape(ChartColor Color, double X, double Y, double Width, double Height) : ChartShape(Color);

/// <summary>One line of text; y is its base line.</summary>
internal sealed record TextShape(ChartColor Color, string Text, double X, double Y, double Size, TextAnchor Anchor, bool Bold) : ChartShape(Color)
{
    /// <summary>Where the text begins on its base line.</summary>
    public double Start => X - (Anchor switch { TextAnchor.Start => 0, TextAnchor.Middle => 0.5, _ => 1.0 } * Outlines.WidthOf(Text, Size, Bold));
}

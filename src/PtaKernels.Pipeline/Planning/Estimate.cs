namespace PtaKernels.Pipeline.Planning;

/// <summary>A quantity, and the interval that it is expected in.</summary>
/// <param name="Value">The most likely value, 0 or more.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
internal readonly record struct Estimate(double Value, double Low, double High)
{
    /// <summary>A number that is known.</summary>
    public static Estimate Exactly(double value) => new(value, value, value);

    /// <summary>The same in another unit.</summary>
    public Estimate Times(double factor) => new(Value * factor, Low * factor, High * factor);

    /// <summary>The product of two quantities whose errors have nothing to do with each other: distances to the ends, as logarithms, add as the sides of a right angle.</summary>
    public Estimate Times(Estimate other)
    {
        double value = Value * other.Value;
        if (value == 0)
            return Exactly(0);
        return new Estimate(value, value / Math.Exp(Side(Value / Low, other.Value / other.Low)), value * Math.Exp(Side(High / Value, other.High / other.Value)));

        static double Side(double one, double two) => Math.Sqrt(Square(Math.Log(one)) + Square(Math.Log(two)));
    }

    /// <summary>The sum of two such quantities: distances to the ends add as the sides of a right angle.</summary>
    public Estimate Plus(Estimate other) => new(
        Value + other.Value,
        Value + other.Value - Math.Sqrt(Square(Value - Low) + Square(other.Value - other.Low)),
        Value + other.Value + Math.Sqrt(Square(High - Value) + Square(other.High - other.Value)));

    /// <summary>The larger of two, end by end.</summary>
    public Estimate OrMore(Estimate other) => new(Math.Max(Value, other.Value), Math.Max(Low, other.Low), Math.Max(High, other.High));

    private static double Square(double x) => x * x;
}

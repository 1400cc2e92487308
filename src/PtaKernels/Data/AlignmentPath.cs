namespace PtaKernels;

/// <summary>A monotone path of (source, target) positions from (0, 0) to the last pair; reused from call to call.</summary>
public sealed class AlignmentPath
{
    private (int Source, int Target)[] _steps = [];

    /// <summary>Sum of the costs along the path.</summary>
    public long Cost { get; private set; }

    /// <summary>The steps in ascending order; neighbours differ by (1, 1), (1, 0) or (0, 1).</summary>
    public ReadOnlySpan<(int Source, int Target)> Steps => _steps.AsSpan(_start, _end - _start);

    private int _start;
    private int _end;

    /// <summary>Empties the path and makes room for the longest one of two sequences; backends then add steps from the last to the first.</summary>
    public void Begin(int sourceLength, int targetLength, long cost)
    {
        int longest = sourceLength + targetLength - 1;
        if (_steps.Length < longest)
            _steps = new (int, int)[longest];
        _start = _end = longest;
        Cost = cost;
    }

    /// <summary>Room for the longest path of two sequences, for a backend that writes it from the first step on; <see cref="Complete"/> then says how much of it is the path.</summary>
    public Span<(int Source, int Target)> Reserve(int sourceLength, int targetLength)
    {
        Begin(sourceLength, targetLength, 0);
        return _steps;
    }

    /// <summary>The path is the first steps of what <see cref="Reserve"/> gave.</summary>
    /// <param name="count">Number of steps.</param>
    /// <param name="cost">Sum of the costs along the path.</param>
    /// <exception cref="ArgumentOutOfRangeException">There are not as many steps.</exception>
    public void Complete(int count, long cost)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _steps.Length);
        _start = 0;
        _end = count;
        Cost = cost;
    }

    /// <summary>Adds the step before all steps added so far.</summary>
    public void Prepend(int source, int target) => _steps[--_start] = (source, target);
}

namespace PtaKernels.Training;

/// <summary>Two models on one document.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Domain">Its domain.</param>
/// <param name="First">Bits per byte of the first model.</param>
/// <param name="Second">Bits per byte of the second.</param>
public sealed record DocumentDifference(string Id, string Domain, double First, double Second)
{
    /// <summary>Second minus first; negative where the second is better.</summary>
    public double Difference => Second - First;

    /// <summary>The documents on which the second model is worst and best against the first, at most so many of each; of equal ones the first. Documents without bytes are left out.</summary>
    public static (IReadOnlyList<DocumentDifference> Lost, IReadOnlyList<DocumentDifference> Won) Extremes(IReadOnlyList<DocumentScore> first, IReadOnlyList<DocumentScore> second, int count)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        DocumentDifference[] all =
        [
            .. first.Zip(second).Where(static p => p.First.Bytes > 0 && p.Second.Bytes > 0)
                .Select(static p => new DocumentDifference(p.First.Id, p.First.Domain, BitsPerByte(p.First), BitsPerByte(p.Second))),
        ];
        return ([.. all.Where(static d => d.Difference > 0).OrderByDescending(static d => d.Difference).Take(count)], [.. all.Where(static d => d.Difference < 0).OrderBy(static d => d.Difference).Take(count)]);
    }

    private static double BitsPerByte(DocumentScore document) => document.Nats / Math.Log(2) / document.Bytes;
}

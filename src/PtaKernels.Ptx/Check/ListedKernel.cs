using System.Globalization;

namespace PtaKernels.Ptx.Check;

/// <summary>One line of <c>kernels.tsv</c>: what a kernel promises, beside its PTX.</summary>
/// <param name="Name">The PTX is <c>sm_80/NAME.ptx</c> and <c>sm_90/NAME.ptx</c>.</param>
/// <param name="Threads">Threads per block at launch, 1..1024.</param>
/// <param name="Registers">The most registers a thread may take.</param>
/// <param name="DynamicShared">Bytes of shared memory given at launch, on top of what the PTX declares.</param>
/// <param name="ExactFloat64">No float64 multiply and add may be contracted.</param>
/// <param name="Lowest">The lowest architecture it is compiled for: 80 or 90.</param>
/// <param name="Expected">Kinds of finding that must come, for kernels made to fail; empty otherwise.</param>
internal sealed record ListedKernel(
    string Name, int Threads, int Registers, int DynamicShared, bool ExactFloat64, int Lowest, IReadOnlyList<FindingKind> Expected)
{
    public const string FileName = "kernels.tsv";

    private static readonly string[] Columns = ["kernel", "threads", "registers", "dynamic_shared", "exact_float64"];

    /// <summary>The kernels of a list, in its order. Lines with # are comments.</summary>
    /// <remarks>
    /// The first line names the columns. Two may follow the five that every list has: <c>architecture</c>, 80 where it is not said, and <c>expected</c>, kinds of
    /// finding separated by commas, or -.
    /// </remarks>
    /// <exception cref="InvalidDataException">The text is no such list; the message says which line.</exception>
    public static IReadOnlyList<ListedKernel> ReadAll(IEnumerable<string> lines)
    {
        var kernels = new List<ListedKernel>();
        string[]? header = null;
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            if (header is null)
            {
                header = line.Split('\t');
                if (!header.Take(Columns.Length).SequenceEqual(Columns) || header.Skip(Columns.Length).Any(static name => name is not ("architecture" or "expected")))
                    throw new InvalidDataException($"{FileName} must start with the columns {string.Join(' ', Columns)}.");
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                kernels.Add(Parse(header, line.Split('\t')) ?? throw new InvalidDataException($"Line {number} of {FileName} is not a kernel: {line}"));
            }
        }

        return kernels.Count > 0 ? kernels : throw new InvalidDataException($"{FileName} names no kernel.");
    }

    private static ListedKernel? Parse(string[] header, string[] cells)
    {
        if (cells.Length != header.Length || cells[0].Length == 0 || cells[4] is not ("0" or "1"))
            return null;
        if (!TryCount(cells[1], out int threads) || threads is < 1 or > 1024 || !TryCount(cells[2], out int registers) || !TryCount(cells[3], out int shared))
            return null;
        if (!TryCount(Optional(header, cells, "architecture") ?? "80", out int lowest))
            return null;
        var expected = new List<FindingKind>();
        foreach (string name in Optional(header, cells, "expected") is { } names and not "-" ? names.Split(',') : [])
        {
            if (!Enum.TryParse(name, out FindingKind kind))
                return null;
            expected.Add(kind);
        }

        return new ListedKernel(cells[0], threads, registers, shared, cells[4] == "1", lowest, expected);
    }

    private static string? Optional(string[] header, string[] cells, string name) => Array.IndexOf(header, name) is var column and >= 0 ? cells[column] : null;

    private static bool TryCount(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}

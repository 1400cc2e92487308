using System.Globalization;

namespace PtaKernels.Ptx.Check;

/// <summary>One line of <c>kernels.tsv</c>: what a kernel promises, beside its PTX.</summary>
/// <param name="Name">The PTX is <c>sm_80/NAME.ptx</c> and <c>sm_90/NAME.ptx</c>.</param>
/// <param name="Threads">Threads per block at launch, 1..1024.</param>
/// <param name="Registers">The most registers a thread may take.</param>
/// <param name="DynamicShared">Bytes of shared memory given at launch, on top of what the PTX declares.</param>
/// <param name="ExactFloat64">No float64 multiply and add may be contracted.</param>
/// <param name="Expected">Kinds of finding that must come, for kernels made to fail; empty otherwise.</param>
internal sealed record KernelEntry(string Name, int Threads, int Registers, int DynamicShared, bool ExactFloat64, IReadOnlyList<FindingKind> Expected)
{
    public const string FileName = "kernels.tsv";

    public const string Header = "kernel\tthreads\tregisters\tdynamic_shared\texact_float64";

    private const string HeaderOfExpectations = Header + "\texpected";

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Name}\t{Threads}\t{Registers}\t{DynamicShared}\t{(ExactFloat64 ? 1 : 0)}");

    /// <summary>The kernels of a list, in its order. A list may have a further column <c>expected</c>, kinds of finding separated by commas, or -.</summary>
    /// <exception cref="InvalidDataException">The text is no such list; the message says which line.</exception>
    public static IReadOnlyList<KernelEntry> ReadAll(IEnumerable<string> lines)
    {
        var entries = new List<KernelEntry>();
        int number = 0, columns = 0;
        foreach (string line in lines)
        {
            number++;
            if (number == 1)
            {
                if (line is not (Header or HeaderOfExpectations))
                    throw new InvalidDataException($"{FileName} must start with the columns {Header.Replace('\t', ' ')}.");
                columns = line.Split('\t').Length;
            }
            else if (line.Length > 0)
            {
                entries.Add(Parse(line.Split('\t'), columns) ?? throw new InvalidDataException($"Line {number} of {FileName} is not a kernel: {line}"));
            }
        }

        return entries.Count > 0 ? entries : throw new InvalidDataException($"{FileName} names no kernel.");
    }

    private static KernelEntry? Parse(string[] cells, int columns)
    {
        if (cells.Length != columns || cells[0].Length == 0 || cells[4] is not ("0" or "1"))
            return null;
        if (!TryCount(cells[1], out int threads) || threads is < 1 or > 1024 || !TryCount(cells[2], out int registers) || !TryCount(cells[3], out int shared))
            return null;
        var expected = new List<FindingKind>();
        foreach (string name in columns > 5 && cells[5] != "-" ? cells[5].Split(',') : [])
        {
            if (!Enum.TryParse(name, out FindingKind kind))
                return null;
            expected.Add(kind);
        }

        return new KernelEntry(cells[0], threads, registers, shared, cells[4] == "1", expected);
    }

    private static bool TryCount(string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}

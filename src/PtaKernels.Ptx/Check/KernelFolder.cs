using System.Globalization;

namespace PtaKernels.Ptx.Check;

/// <summary>A folder with <c>kernels.tsv</c> and the kernels' PTX, one folder per architecture.</summary>
internal sealed class KernelFolder
{
    private readonly string _folder;

    /// <exception cref="IOException">There is no list.</exception>
    /// <exception cref="InvalidDataException">The list is wrong.</exception>
    public KernelFolder(string folder)
    {
        _folder = folder;
        Kernels = ListedKernel.ReadAll(File.ReadLines(Path.Combine(folder, ListedKernel.FileName)));
    }

    public IReadOnlyList<ListedKernel> Kernels { get; }

    /// <summary>Assembles and disassembles every kernel for every architecture, several at a time; the order is that of the list.</summary>
    public IReadOnlyList<KernelFacts> Examine(CudaTools tools)
    {
        string scratch = Directory.CreateTempSubdirectory("pta-ptx-").FullName;
        try
        {
            (ListedKernel Entry, Architecture Architecture)[] work =
                [.. Kernels.SelectMany(static entry => Architecture.All.Where(a => a.Capability >= entry.Lowest).Select(architecture => (entry, architecture)))];
            var facts = new KernelFacts[work.Length];
            Parallel.For(0, work.Length, i => facts[i] = Examine(tools, work[i].Entry, work[i].Architecture, Path.Combine(scratch, i.ToString(CultureInfo.InvariantCulture))));
            return facts;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private KernelFacts Examine(CudaTools tools, ListedKernel entry, Architecture architecture, string scratch)
    {
        string file = Path.Combine(_folder, architecture.Name, entry.Name + ".ptx");
        if (!File.Exists(file))
            return new KernelFacts(entry, architecture, null, null, null, null, []);
        PtxText ptx = PtxText.Parse(File.ReadAllText(file));
        PtxasReport report = tools.Assemble(file, architecture.Name, scratch + ".cubin");
        if (report.Error is not null)
            return new KernelFacts(entry, architecture, ptx, report, null, null, []);

        SassListing sass = tools.Disassemble(scratch + ".cubin");
        SassListing? plain = null;
        if (entry.ExactFloat64)
        {
            tools.Assemble(file, architecture.Name, scratch + ".plain.cubin", contract: false);
            plain = tools.Disassemble(scratch + ".plain.cubin");
        }

        // What later devices will be given: the PTX of the newest architecture.
        var newer = new List<(string, string)>();
        foreach (string other in architecture == Architecture.All[^1] ? tools.Architectures.Where(name => NumberOf(name) > NumberOf(architecture.Name)) : [])
        {
            if (tools.Assemble(file, other, scratch + ".newer.cubin").Error is { } error)
                newer.Add((other, error));
        }

        return new KernelFacts(entry, architecture, ptx, report, sass, plain, newer);
    }

    private static int NumberOf(string architecture) => int.Parse(architecture.AsSpan("sm_".Length), NumberStyles.None, CultureInfo.InvariantCulture);
}

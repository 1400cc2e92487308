namespace PtaKernels.Ptx.Check;

/// <summary>The rules: facts of one kernel in, what is wrong with it out.</summary>
internal static class KernelGate
{
    public static IReadOnlyList<Finding> Judge(KernelFacts facts) =>
        [.. Sentences(facts).Select(found => new Finding(found.Kind, facts.Entry.Name, facts.Architecture.Name, found.Sentence))];

    private static IEnumerable<(FindingKind Kind, string Sentence)> Sentences(KernelFacts facts)
    {
        if (facts.Ptx is not { } ptx)
            return [(FindingKind.Missing, $"there is no {facts.Architecture.Name}/{facts.Entry.Name}.ptx; compile the kernels again.")];
        IEnumerable<(FindingKind, string)> found = OfText(facts, ptx);
        if (facts.Assembled is { } report)
            found = found.Concat(report.Error is null ? OfReport(facts, report) : OfError(ptx, report.Error));
        if (facts.Sass is { } sass)
            found = found.Concat(OfMemory(sass)).Concat(OfContraction(facts, sass));
        return found;
    }

    private static IEnumerable<(FindingKind, string)> OfText(KernelFacts facts, PtxText ptx)
    {
        if (ptx.Unresolved.Count > 0)
            yield return (FindingKind.Unresolved, $"calls {string.Join(", ", ptx.Unresolved)}, which the PTX does not have; write it out in the kernel or as inline PTX.");
        if (ptx.Target != facts.Architecture.Name)
            yield return (FindingKind.Target, $"its PTX says .target {ptx.Target}; compile it for {facts.Architecture.Name}, without features of one architecture alone.");
        if (ptx.MaxThreads < facts.Entry.Threads)
            yield return (FindingKind.Launch, $"is launched with {facts.Entry.Threads} threads per block and its PTX allows {ptx.MaxThreads}; correct one of the two.");
        if (facts.Entry.ExactFloat64 && ptx.ContractableFloat64 > 0)
        {
            yield return (FindingKind.ContractedFloat64,
                $"has {ptx.ContractableFloat64} float64 add, sub or mul without .rn, which any assembler may contract; give each its rounding mode.");
        }
    }

    private static IEnumerable<(FindingKind, string)> OfError(PtxText ptx, string error)
    {
        // A call of a missing function is said already.
        if (ptx.Unresolved.Count == 0)
            yield return (FindingKind.Rejected, $"ptxas does not take it: {error}.");
    }

    private static IEnumerable<(FindingKind, string)> OfReport(KernelFacts facts, PtxasReport report)
    {
        if (report.SpillStores + report.SpillLoads > 0)
        {
            yield return (FindingKind.Spill,
                $"spills {report.SpillStores} bytes per thread (read back: {report.SpillLoads}); keep fewer values alive or allow more registers.");
        }

        if (report.StackFrame > 0)
            yield return (FindingKind.StackFrame, $"has a stack frame of {report.StackFrame} bytes; turn local arrays into scalars and index them by constants only.");
        if (report.Registers > facts.Entry.Registers)
            yield return (FindingKind.Registers, $"takes {report.Registers} registers and its budget is {facts.Entry.Registers}; shorten lifetimes or raise the budget beside the kernel.");
        if (facts.Occupancy is { Blocks: 0 } none)
            yield return (FindingKind.Launch, $"cannot be launched: one block of {facts.Entry.Threads} threads asks for more {none.Limit} than a multiprocessor has.");
        foreach ((string architecture, string error) in facts.Newer)
            yield return (FindingKind.Rejected, $"ptxas does not take it for {architecture}: {error}; keep features of one architecture alone out of it.");
    }

    private static IEnumerable<(FindingKind, string)> OfMemory(SassListing sass)
    {
        string[] local = [.. sass.Kernel.Concat(sass.Helpers).Where(static i => i.Base is "LDL" or "STL").Select(static i => i.Opcode)];
        if (local.Length > 0)
            yield return (FindingKind.LocalMemory, $"has {local.Length} accesses to local memory ({Distinct(local)}); keep these values in registers.");

        // In helper functions no address is ever formed.
        string[] generic = [.. SassLoops.Find(sass).Loops.Where(static l => l.Depth == 1).SelectMany(static l => l.Instructions)
            .Where(static i => i.Base is "LD" or "ST" or "ATOM").Select(static i => i.Opcode)];
        if (generic.Length > 0)
        {
            yield return (FindingKind.GenericAccess,
                $"has {generic.Length} accesses inside loops that find their address space at run time ({Distinct(generic)}); give the pointer its space before the loop.");
        }
    }

    // A contraction turns a multiply and an add into one multiply-add, so it changes these counts; the multiply-adds of divisions, of roots and of the PTX
    // itself are in both assemblies.
    private static IEnumerable<(FindingKind, string)> OfContraction(KernelFacts facts, SassListing sass)
    {
        if (facts.UncontractedSass is not { } plain)
            yield break;
        foreach (string opcode in (string[])["DFMA", "DADD", "DMUL"])
        {
            int counted = Count(sass, opcode), expected = Count(plain, opcode);
            if (counted == expected)
                continue;
            yield return (FindingKind.ContractedFloat64,
                $"has {counted} {opcode}, and {expected} when assembled without contraction; give every float64 add, sub and mul its rounding mode.");
            yield break;
        }
    }

    private static int Count(SassListing sass, string opcode) => sass.Kernel.Concat(sass.Helpers).Count(i => i.Base == opcode);

    private static string Distinct(IEnumerable<string> opcodes) => string.Join(", ", opcodes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
}

using System.Globalization;
using PtaKernels.Ptx.Check;

namespace PtaKernels.Ptx;

/// <summary><c>pta-ptx check DIR --tools DIR [--json FILE] [--expected]</c>: the static gate on a folder of PTX.</summary>
internal static class CheckCommand
{
    /// <summary>The status is 0 when nothing was found; with <paramref name="expected"/>, when exactly what the list expects was found.</summary>
    public static int Run(string folder, string toolFolder, string? jsonFile, bool expected, TextWriter output, TextWriter errors)
    {
        var tools = new CudaTools(toolFolder);
        IReadOnlyList<KernelFacts> all = new KernelFolder(folder).Examine(tools);
        Finding[][] judged = [.. all.Select(static facts => KernelGate.Judge(facts).ToArray())];
        if (jsonFile is not null)
            File.WriteAllText(jsonFile, GateReport.ToJson(tools, all, judged.SelectMany(static f => f)) + "\n");

        int failed = 0;
        if (expected)
        {
            foreach ((KernelFacts facts, Finding[] findings) in all.Zip(judged))
                failed += MeetsExpectations(facts, findings, errors) ? 0 : 1;
        }
        else
        {
            GateReport.WriteTable(output, all);
            foreach (Finding finding in judged.SelectMany(static f => f))
                errors.WriteLine(finding);
            failed = judged.Count(static f => f.Length > 0);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{all.Count - failed} passed, {failed} failed"));
        return failed == 0 ? 0 : Program.Failed;
    }

    private static bool MeetsExpectations(KernelFacts facts, Finding[] findings, TextWriter errors)
    {
        HashSet<FindingKind> found = [.. findings.Select(static f => f.Kind)];
        if (found.SetEquals(facts.Entry.Expected))
            return true;
        errors.WriteLine($"{facts.Entry.Name}, {facts.Architecture.Name}: {List(facts.Entry.Expected)} should be found and {List(found)} was; the gate is broken or ptxas changed.");
        foreach (Finding finding in findings)
            errors.WriteLine($"    {finding}");
        return false;
    }

    private static string List(IEnumerable<FindingKind> kinds) => string.Join(", ", kinds.Order()) is { Length: > 0 } text ? text : "nothing";
}

using System.Text.RegularExpressions;

namespace PtaKernels.Ptx.Check;

/// <summary>A disassembled cubin with one kernel: the kernel's own instructions, and those of the functions it calls.</summary>
internal sealed partial class SassListing
{
    private SassListing(IReadOnlyList<SassInstruction> kernel, IReadOnlyDictionary<string, int> labels, IReadOnlyList<SassInstruction> helpers)
    {
        Kernel = kernel;
        Labels = labels;
        Helpers = helpers;
    }

    /// <summary>The kernel's instructions in the order of their addresses.</summary>
    public IReadOnlyList<SassInstruction> Kernel { get; }

    /// <summary>Labels of the kernel, each with the index in <see cref="Kernel"/> of the instruction behind it.</summary>
    public IReadOnlyDictionary<string, int> Labels { get; }

    /// <summary>Functions that ptxas adds or the PTX has, such as the rare cases of a float64 division.</summary>
    public IReadOnlyList<SassInstruction> Helpers { get; }

    /// <summary>Splits the output of <c>nvdisasm -c</c>.</summary>
    /// <exception cref="InvalidDataException">There is no kernel in it, or more than one.</exception>
    public static SassListing Parse(string text)
    {
        string[] entries = [.. EntryPattern().Matches(text).Select(static m => m.Groups[1].Value)];
        if (entries.Length != 1)
            throw new InvalidDataException($"The disassembly has {entries.Length} kernels instead of one.");
        HashSet<string> functions = [.. FunctionPattern().Matches(text).Select(static m => m.Groups[1].Value)];

        var kernel = new List<SassInstruction>();
        var helpers = new List<SassInstruction>();
        var labels = new Dictionary<string, int>(StringComparer.Ordinal);
        bool inKernel = false;
        foreach (string line in text.Split('\n'))
        {
            if (LabelPattern().Match(line) is { Success: true } label)
            {
                string name = label.Groups[1].Value;
                if (functions.Contains(name))
                    inKernel = name == entries[0];
                if (inKernel)
                    labels[name] = kernel.Count;
            }
            else if (SassInstruction.Parse(line) is { } instruction)
            {
                (inKernel ? kernel : helpers).Add(instruction);
            }
        }

        return kernel.Count > 0 ? new SassListing(kernel, labels, helpers) : throw new InvalidDataException($"The disassembly of {entries[0]} has no instruction.");
    }

    [GeneratedRegex(@"^\s*\.other\s+([^,\s]+),@""STO_CUDA_ENTRY", RegexOptions.Multiline)]
    private static partial Regex EntryPattern();

    [GeneratedRegex(@"^\s*\.type\s+([^,\s]+),@function", RegexOptions.Multiline)]
    private static partial Regex FunctionPattern();

    [GeneratedRegex(@"^([^\s:]+):\s*$")]
    private static partial Regex LabelPattern();
}

namespace PtaKernels.Ptx;

/// <summary>A command line of a few options: <c>--name value</c>, <c>--flag</c> and operands, in any order.</summary>
internal sealed record Options(IReadOnlyList<string> Operands, IReadOnlyDictionary<string, string> Values, IReadOnlySet<string> Flags)
{
    /// <summary>Null when an option is unknown or lacks its value.</summary>
    public static Options? Parse(IReadOnlyList<string> args, string[] withValue, string[] flags)
    {
        var operands = new List<string>();
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        var given = new HashSet<string>(StringComparer.Ordinal);
        for (int i = 0; i < args.Count; i++)
        {
            if (withValue.Contains(args[i]) && i + 1 < args.Count)
                values[args[i]] = args[++i];
            else if (flags.Contains(args[i]))
                given.Add(args[i]);
            else if (!args[i].StartsWith('-'))
                operands.Add(args[i]);
            else
                return null;
        }

        return new Options(operands, values, given);
    }
}

namespace PtaKernels.Effect;

/// <summary>What one call of the study trains: the whole of it up to a tier, or single rows beside <c>fusion</c>.</summary>
/// <param name="Methods">The rows with students.</param>
/// <param name="IsWhole">Whether what only the whole study tells is wanted too: every teacher's score, ensembles, the control at equal cost.</param>
internal sealed record StudyRows(IReadOnlyList<StudyMethod> Methods, bool IsWhole)
{
    /// <summary>Names of the teachers that have to be there.</summary>
    public IReadOnlyList<string> Teachers => IsWhole ? StudyModels.TeacherNames :
        [.. Methods.SelectMany(static m => m.Sources).Where(static s => s != StudyMethods.Self).Select(StudyMethods.ModelOf).Distinct(StringComparer.Ordinal)];

    /// <summary>Every row of a tier and of the ones before it.</summary>
    public static StudyRows UpTo(int tier) => new([.. StudyMethods.All.Where(m => m.Tier <= tier)], IsWhole: true);

    /// <summary>Single rows, with <c>fusion</c> and what they are changes of beside them, so that every difference is one of the same machine.</summary>
    /// <param name="names">Names of rows, with commas between them.</param>
    /// <exception cref="ArgumentException">There is no such row.</exception>
    public static StudyRows Named(string names)
    {
        Dictionary<string, StudyMethod> all = StudyMethods.All.ToDictionary(static m => m.Name, StringComparer.Ordinal);
        HashSet<string> wanted = new(StringComparer.Ordinal) { EffectStatistics.Fusion };
        foreach (string name in names.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!all.TryGetValue(name, out StudyMethod? method))
                throw new ArgumentException($"--methods: there is no row '{name}'; there are {string.Join(", ", all.Keys)}.");
            wanted.Add(name);
            if (method.ChangeOf is { } other)
                wanted.Add(other);
        }

        return new StudyRows([.. StudyMethods.All.Where(m => wanted.Contains(m.Name))], IsWhole: false);
    }
}

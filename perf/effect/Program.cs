using System.CommandLine;
using PtaKernels.Cli;
using PtaKernels.Cli.Bench;
using PtaKernels.Pipeline;

namespace PtaKernels.Effect;

/// <summary>The effect study: which alignment teaches.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var root = new RootCommand("The effect study: trains students through every way of aligning, several seeds each, and compares them.") { CreateTeachers(), ReportCommand.Create() };
        return Cli.Program.Run(root, args, Console.Out, Console.Error);
    }

    private static Verb CreateTeachers()
    {
        Option<string> output = Output();
        var verb = new Verb("teachers", "Train the teachers that are not there yet.", "pta-effect teachers") { output };
        verb.TimeToStop = TimeSpan.FromMinutes(1);
        verb.SetAction((parse, cancellation) => Task.Run(() =>
        {
            var terminal = Terminal.Of(parse);
            SetupTorchCommand.Ensure(terminal, again: false, cancellation);
            string folder = Path.GetFullPath(parse.GetValue(output)!);
            var progress = new FuseProgress(terminal);
            var stages = new StageRunner(Path.Combine(folder, "stages"), progress);
            var texts = new StudyTexts(folder, stages);
            texts.Write();
            var models = new StudyModels(RepositoryFolder.Find()!, folder, texts, stages, progress);
            foreach (int set in StudyModels.TeacherSets)
            {
                foreach (string name in StudyModels.TeacherNames)
                    models.Teacher(set, name, cancellation);
            }

            return 0;
        }, cancellation));
        return verb;
    }

    private static Option<string> Output() => new("--out") { Description = "folder for everything that the study makes; finished parts in it are not made again", HelpName = "folder", DefaultValueFactory = static _ => "artifacts/effect" };
}
